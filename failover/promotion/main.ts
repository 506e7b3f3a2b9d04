import { parseArgs } from 'node:util';
import { keyNames } from '../core/etcd/names.ts';
import type { RefusalKind } from '../core/view.ts';
import { askToBePromoted, type Verdict } from './ask.ts';
import { readCopy } from './copy.ts';
import { Etcd } from './etcd.ts';
import { passOver, tidy } from './passed-over.ts';
import { tell } from './tell.ts';

const TEXT = { type: 'string' } as const;

/**
 * Patroni's `pre_promote`: ends with 0 if PostgreSQL here may be promoted, and makes sure that it takes the number
 * that it was given. As `try` it only says what it would say, for an operator who has mended something. As `tidy`,
 * before Patroni starts, it takes away what a promotion that was cut off left.
 */
const { positionals, values } = parseArgs({
  // Patroni may have the command line of another release: an option of that is no reason to promote nobody.
  strict: false,
  allowPositionals: true,
  options: {
    ...{ cluster: TEXT, scope: TEXT, site: TEXT, etcd: TEXT, tls: TEXT },
    ...{ data: TEXT, bin: TEXT, told: TEXT },
  },
});

const option = (name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

/** Patroni's key lasts 20 s, and is prolonged meanwhile: an election of etcd's and a slow machine fit in. */
const WITHIN_MS = 5_000;

if (positionals.includes('tidy')) await tidy(option('data') ?? '');
else process.exitCode = (await mayBePromoted(positionals.includes('try'))) ? 0 : 1;

async function mayBePromoted(onlyTry: boolean): Promise<boolean> {
  const [site, told] = [option('site'), option('told')];
  const verdict = await verdictOf(onlyTry);
  const isRefused = verdict.refused !== null;
  if (told !== undefined) {
    const { kind = null } = isRefused ? verdict : {};
    await tell(told, { kind, why: verdict.refused ?? '' });
  }
  if (isRefused) console.error(`Farol does not let ${site} be promoted: ${verdict.refused}.`);
  else if (onlyTry) console.error(`Farol would let ${site} be promoted.`);
  else console.error(`Farol lets ${site} be promoted, to timeline ${verdict.timeline}.`);
  return !isRefused;
}

async function verdictOf(onlyTry: boolean): Promise<Verdict> {
  const [cluster = '', site = '', dataDir = ''] = ['cluster', 'site', 'data'].map(option);
  const opened = await attempt('certificate', () => new Etcd(option('etcd') ?? '', option('tls')));
  if ('refused' in opened) return opened;
  const verdict = await askToBePromoted({
    names: keyNames(cluster, option('scope') ?? cluster),
    site,
    etcd: opened.value,
    copy: () => readCopy({ dataDir, binDir: option('bin') ?? '' }),
    withinMs: WITHIN_MS,
    onlyTry,
  });
  if (verdict.refused !== null || onlyTry) return verdict;
  const passed = await attempt('disk', () => passOver(dataDir, verdict.next, verdict.timeline));
  return 'refused' in passed ? passed : verdict;
}

async function attempt<T>(
  kind: RefusalKind,
  act: () => T | Promise<T>,
): Promise<{ value: T } | { refused: string; kind: RefusalKind }> {
  try {
    return { value: await act() };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error), kind };
  }
}
