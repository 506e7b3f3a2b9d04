import { ICAP } from './scanning-keys.ts';
import type { Config } from './schema.ts';

type ScanningKeys = NonNullable<Config['scanning']>;

/** RFC 3507, section 4.2. */
const ICAP_PORT = 1_344;

/** What the operator says of scanning, as it is taken; undefined where nothing is scanned. */
export function scanningOf({ scanning }: Pick<Config, 'scanning'>) {
  if (!scanning) return undefined;
  const { atOnce, withinSeconds, whenUnscanned } = scanning;
  return {
    by: scannerOf(scanning),
    atOnce,
    withinMs: Math.ceil(withinSeconds * 1_000),
    servesUnscanned: whenUnscanned === 'serve',
  };
}

function scannerOf({ clamd, icap, program }: ScanningKeys) {
  if (clamd !== undefined) return { kind: 'clamd' as const, at: addressOf(clamd) };
  if (icap !== undefined) return { kind: 'icap' as const, at: serviceOf(icap) };
  return { kind: 'program' as const, path: program! };
}

function serviceOf(icap: string) {
  const [, host, port, service] = ICAP.exec(icap)!;
  return {
    host: host!.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? ICAP_PORT : Number(port),
    service: service!,
  };
}

function addressOf(clamd: string) {
  if (clamd.startsWith('/')) return { path: clamd };
  const colon = clamd.lastIndexOf(':');
  const host = clamd.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(clamd.slice(colon + 1)) };
}
