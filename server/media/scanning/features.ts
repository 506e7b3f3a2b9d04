import { Clamd, type ClamdAddress } from './clamd.ts';
import { ScanProgram } from './scan-program.ts';
import { Scanning, type ScanningPorts, type ScanningSettings } from './scanning.ts';

/** What the operator says of scanning. */
export interface ScanningWish extends Omit<ScanningSettings, 'scanner'> {
  readonly by:
    | { readonly kind: 'clamd'; readonly at: ClamdAddress }
    | { readonly kind: 'program'; readonly path: string };
}

export function scanningFeatures(wish: ScanningWish | undefined, ports: ScanningPorts): Scanning {
  if (!wish) return new Scanning(ports, undefined);
  const { by, ...settings } = wish;
  const scanner = by.kind === 'clamd' ? new Clamd(by.at) : new ScanProgram(by.path);
  return new Scanning(ports, { ...settings, scanner });
}
