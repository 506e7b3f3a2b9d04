import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { bootTime } from '../adapters/clock/boot-time.ts';
import { keyNames } from '../core/etcd/names.ts';
import type { RefusalKind } from '../core/view.ts';
import { askToBePromoted, type Verdict } from './ask.ts';
import { awaitSource } from './await-source.ts';
import { type Copy, readCopy } from './copy.ts';
import { Etcd } from './etcd.ts';
import { passOver, tidy } from './passed-over.ts';
import { pemIn } from './request.ts';
import { damageToldIn, soundElsewhere } from './sound-elsewhere.ts';
import { chainAt, hostIn } from './source.ts';
import { standingsOf } from './standings.ts';
import { inARowMs, tell } from './tell.ts';
import { withoutLeave } from './without-leave.ts';

const TEXT = { type: 'string' } as const;

/**
 * Patroni's `pre_promote`: ends with 0 if PostgreSQL here may be promoted, and makes sure that it takes the number
 * that it was given. As `try` it only says what it would say, for an operator who has mended something. As `tidy`,
 * before Patroni starts, it takes away what a promotion that was cut off left. As `await-source` (patroni-config/copy-guard)
 * it ends with 0 once this copy may be rewound onto the source, or cloned from it, and with 3 where somebody else leads by then.
 */
const { positionals, values } = parseArgs({
  // Patroni may have the command line of another release: an option of that is no reason to promote nobody.
  strict: false,
  allowPositionals: true,
  options: {
    ...{ cluster: TEXT, scope: TEXT, site: TEXT, etcd: TEXT, tls: TEXT },
    ...{ data: TEXT, bin: TEXT, told: TEXT, source: TEXT, patroni: TEXT },
    // The folder in which agent and promotion see each other's files (F20); not given where failsafe is off.
    failsafe: TEXT,
  },
});

const option = (name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

/** Patroni's key lasts 20 s, and is prolonged meanwhile: an election of etcd's and a slow machine fit in. */
const WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 500;
const SOMEBODY_ELSE_LEADS = 3;

if (positionals.includes('tidy')) await tidy(option('data') ?? '');
else if (positionals.includes('await-source')) process.exitCode = await sourceAwaited();
else process.exitCode = (await mayBePromoted(positionals.includes('try'))) ? 0 : 1;

async function mayBePromoted(onlyTry: boolean): Promise<boolean> {
  const [site, told] = [option('site'), option('told')];
  const decide = () => verdictOf(onlyTry);
  const runtimeDir = option('failsafe');
  const verdict = await (onlyTry || runtimeDir === undefined
    ? decide()
    : withoutLeave({ runtimeDir, now: bootTime() }, decide));
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
  const [site = '', dataDir = ''] = ['site', 'data'].map(option);
  const opened = await attempt('certificate', connect);
  if ('refused' in opened) return opened;
  const copy = () => readCopy({ dataDir, binDir: option('bin') ?? '' });
  const refused = await refusedForDamage(site, copy, opened.value);
  if (refused !== null) return refused;
  const verdict = await askToBePromoted({
    ...opened.value,
    site,
    copy,
    standings: (sites, isEnough) => standingsOf(sites, isEnough, opened.value),
    withinMs: WITHIN_MS,
    onlyTry,
  });
  if (verdict.refused !== null || onlyTry) return verdict;
  const passed = await attempt('disk', () => passOver(dataDir, verdict.next, verdict.timeline));
  return 'refused' in passed ? passed : verdict;
}

/** Patroni asks every 20 to 40 s: who is sound has not taken its key then, and something else keeps it from that. */
const SOUND_LEADS_WITHIN_MS = 90_000;

/** Rather a damaged one than none; and what cannot be known is no reason against it. */
async function refusedForDamage(
  site: string,
  copy: () => Promise<Copy>,
  connected: ReturnType<typeof connect>,
): Promise<Verdict | null> {
  const told = option('told');
  const damage = told === undefined ? null : await damageToldIn(dirname(told));
  if (damage === null) return null;
  const sound = await soundElsewhere(site, copy, connected).catch(() => null);
  if (sound === null) return null;
  const why = `its copy is damaged (${damage}), and that of ${sound} is not`;
  const isLong = (await inARowMs(told!, { kind: 'damaged', why })) >= SOUND_LEADS_WITHIN_MS;
  return isLong ? null : { refused: why, kind: 'damaged' };
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

async function sourceAwaited(): Promise<number> {
  const [site, source = '', bin = '', patroni] = ['site', 'source', 'bin', 'patroni'].map(option);
  const host = hostIn(source);
  const shell = process.ppid;
  const { names } = connect();
  const awaited = await awaitSource({
    names,
    // The wait may be longer than a certificate is good for: each look takes the one that is there by then.
    etcd: { read: (...keys) => connect().etcd.read(...keys) },
    host,
    chain: () => chainAt(source, bin),
    isWaitedFor: () => process.ppid === shell && isAlive(Number(patroni)),
    say: (why) => console.error(`Farol keeps the copy of ${site} from that at ${host}: ${why}.`),
    everyMs: LOOK_EVERY_MS,
  });
  if (awaited === 'copy') return 0;
  console.error(`Farol keeps the copy of ${site}: ${host} does not lead any more.`);
  return SOMEBODY_ELSE_LEADS;
}

function connect() {
  const [cluster = '', tls] = ['cluster', 'tls'].map(option);
  const pem = tls === undefined ? undefined : pemIn(tls);
  const etcd = new Etcd(option('etcd') ?? '', pem);
  return { names: keyNames(cluster, option('scope') ?? cluster), etcd, pem };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
