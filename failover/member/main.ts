import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { leaveWord } from '../adapters/word.ts';
import { pemIn } from '../promotion/request.ts';
import { followOrder } from './alone.ts';
import { membershipAt } from './membership.ts';
import { type OwnData, replaceMember } from './replace.ts';
import { endOfLog } from './torn-log.ts';
import { damageIn } from './words.ts';

const TEXT = { type: 'string' } as const;

/**
 * Run before etcd starts where that is its first start since the machine's, or it ended by itself before
 * (patroni-config/etcd-guard), with etcd's environment. Ends with 0 if etcd may start, also as a member that was just taken in
 * anew; with 3 while its data are damaged and the others cannot replace it. With `--order` it carries an administrator's order out, or
 * brings to its end what was decided before (alone.ts), and nothing else; then 3 says that etcd may not start yet.
 */
const { values } = parseArgs({
  strict: false,
  options: {
    data: TEXT,
    tls: TEXT,
    told: TEXT,
    first: { type: 'boolean' },
    order: TEXT,
    etcd: TEXT,
  },
});

const NOT_YET = 3;
const dataDir = String(values.data);
const replacing = `${dataDir}.replacing`;

/** After a power cut, the first start since, a tear in the log is looked for; else etcd's own last words tell. */
const isFirstStart = values.first === true;

/** After a blackout the others may be about to come back, or wait just so. */
const WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 2_000;

/** Members answer clients at the port beside that for their peers (patroni-config/etcd.env). */
const CLIENT_PORT = '2379';

process.exitCode = values.order === undefined ? await mend() : await follow(String(values.order));

async function follow(order: string): Promise<number> {
  const tls = values.tls === undefined ? undefined : String(values.tls);
  const etcd = String(values.etcd ?? 'etcd');
  return (await followOrder({ order, dataDir, tls, etcd })) ? 0 : NOT_YET;
}

interface Damage {
  readonly why: string;
  /** Its log may as well lack only what was never confirmed, so where nobody can replace it it starts. */
  readonly mayStart: boolean;
}

/** What was begun is brought to its end, whatever etcd said since: its old data may be in place still. */
async function damage(): Promise<Damage | null> {
  const begun = await readFile(replacing, 'utf8').catch(() => null);
  if (begun !== null) return { why: begun, mayStart: false };
  const said = damageIn(await readFile(`${dataDir}.words`, 'utf8').catch(() => ''));
  if (said !== null) return { why: said, mayStart: false };
  const torn = isFirstStart ? await endOfLog(join(dataDir, 'member', 'wal')) : null;
  return torn && { why: torn.why, mayStart: torn.isTornEnd };
}

async function mend(): Promise<number> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    const found = await damage();
    if (found === null) return 0;
    const { why, mayStart } = found;
    const trouble = await replaced(why);
    if (trouble === null) return 0;
    if (!mayStart) await tell('waits', why);
    console.error(`Farol cannot replace etcd's member here, of which ${why}: ${trouble}.`);
    if (!mayStart) return NOT_YET;
    if (performance.now() >= until) return 0;
    await sleep(AGAIN_AFTER_MS);
  }
}

/** Null once it is done; else what keeps it from being done. */
async function replaced(why: string): Promise<string | null> {
  try {
    const { own, others } = environment();
    const pem = values.tls === undefined ? undefined : pemIn(String(values.tls));
    await replaceMember(own, membershipAt(others, pem), ownData(why));
    await rm(`${dataDir}.words`, { force: true });
    await rm(replacing, { force: true });
    await tell('replaced', why);
    console.error(`Farol replaced etcd's member of ${own.name} from the others: ${why}.`);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ownData(why: string): OwnData {
  return {
    begin: () => writeFile(replacing, why, { flush: true }),
    setAside: async () => {
      const kept = `${dataDir}.damaged`;
      const from = join(dataDir, 'member');
      const { code } = await stat(from).then(
        () => ({ code: null }),
        (error: NodeJS.ErrnoException) => error,
      );
      if (code === 'ENOENT') return;
      await rm(kept, { recursive: true, force: true });
      await rename(from, kept);
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
    },
    rejoin: (initialCluster) =>
      writeFile(
        join(dataDir, 'rejoin'),
        `ETCD_INITIAL_CLUSTER=${initialCluster}\nETCD_INITIAL_CLUSTER_STATE=existing\n`,
        { flush: true },
      ),
  };
}

function environment() {
  const { ETCD_NAME = '', ETCD_INITIAL_CLUSTER = '' } = process.env;
  const sites = ETCD_INITIAL_CLUSTER.split(',').map((each) => each.split('=') as [string, string]);
  const peerUrl = sites.find(([name]) => name === ETCD_NAME)?.[1];
  if (peerUrl === undefined) throw new Error('ETCD_INITIAL_CLUSTER does not name ETCD_NAME');
  const others = sites
    .filter(([name]) => name !== ETCD_NAME)
    .map(([, url]) => Object.assign(new URL(url), { port: CLIENT_PORT }));
  // Of two, the other alone decides only once it was let go on without this one (`farol promote`): it would decide nothing any more before
  // this one is up, so an administrator lets it vote then. Of three nobody would: no site goes on alone yet (failover/main.ts).
  return { own: { name: ETCD_NAME, peerUrl, mayOnlyListen: others.length === 1 }, others };
}

/** For the agent of this site (adapters/etcd/member-told.ts). That it cannot be told keeps no member from starting. */
async function tell(kind: 'replaced' | 'waits', why: string): Promise<void> {
  await leaveWord(String(values.told), { kind, why, at: new Date().toISOString() }, 0o644).catch(
    ({ message }) => console.error(`Farol cannot tell its agent: ${message}`),
  );
}
