import type { Config } from './schema.ts';

/** What the operator says of scanning, as it is taken; undefined where nothing is scanned. */
export function scanningOf({ scanning }: Pick<Config, 'scanning'>) {
  if (!scanning) return undefined;
  const { clamd, program, atOnce, withinSeconds, whenUnscanned } = scanning;
  return {
    by:
      clamd === undefined
        ? { kind: 'program' as const, path: program! }
        : { kind: 'clamd' as const, at: addressOf(clamd) },
    atOnce,
    withinMs: Math.ceil(withinSeconds * 1_000),
    servesUnscanned: whenUnscanned === 'serve',
  };
}

function addressOf(clamd: string) {
  if (clamd.startsWith('/')) return { path: clamd };
  const colon = clamd.lastIndexOf(':');
  const host = clamd.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(clamd.slice(colon + 1)) };
}
