import { Clamd } from './clamd.ts';
import { Icap, type IcapService } from './icap.ts';
import { ScanProgram } from './scan-program.ts';
import type { Scanner } from './scanner.ts';
import { Scanning, type ScanningPorts, type ScanningSettings } from './scanning.ts';
import type { ScannerAddress } from './told-line.ts';

/** What the operator says of scanning. */
export interface ScanningWish extends Omit<ScanningSettings, 'scanner'> {
  readonly by:
    | { readonly kind: 'clamd'; readonly at: ScannerAddress }
    | { readonly kind: 'icap'; readonly at: IcapService }
    | { readonly kind: 'program'; readonly path: string };
}

export function scanningFeatures(wish: ScanningWish | undefined, ports: ScanningPorts): Scanning {
  if (!wish) return new Scanning(ports, undefined);
  const { by, ...settings } = wish;
  return new Scanning(ports, { ...settings, scanner: scannerOf(by) });
}

function scannerOf(by: ScanningWish['by']): Scanner {
  switch (by.kind) {
    case 'clamd':
      return new Clamd(by.at);
    case 'icap':
      return new Icap(by.at);
    case 'program':
      return new ScanProgram(by.path);
    default:
      return by satisfies never;
  }
}
