import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { leaveWord } from '../adapters/word.ts';
import {
  ALONE_TOLD,
  type AloneOrder,
  type AloneTold,
  FOUND_ON_COPY,
  type FoundOnCopy,
  type LookOrder,
  ORDER_BYTES_MAX,
} from '../core/alone-order.ts';
import { bareHost } from '../core/bare-host.ts';
import { pemIn } from '../promotion/request.ts';
import { commitAll } from './commit-all.ts';
import { type Ground, goAlone, lookOnCopy, putInPlace, type WentAlone } from './go-alone.ts';
import { membersIn } from './members-in.ts';
import { startPrivately } from './private-member.ts';
import { reasonNotWhole } from './whole.ts';

const run = promisify(execFile);

interface Place {
  readonly order: string;
  readonly dataDir: string;
  readonly tls: string | undefined;
  readonly etcd: string;
}

/** Both keep for long, or the disk is too slow to be of use. */
const COPIES_WITHIN_MS = 300_000;
const REACHED_WITHIN_MS = 2_000;

/**
 * Carries an administrator's order out, once, and brings to its end what was decided before the machine fell. True where etcd may start. Whoever
 * follows the order is told how it ended in the folder that it was left in.
 */
export async function followOrder(place: Place): Promise<boolean> {
  const { order: path, dataDir } = place;
  const ground = groundAt(place);
  if (ground.isDecided()) {
    const id = await decidedBy(dataDir);
    return toldOf(path, id, await putInPlace(ground));
  }
  await ground.forget();
  const order = await taken(path);
  if (order === null) return true;
  await tell(path, { id: order.id, kind: 'taken', why: null });
  if ('look' in order) {
    const why = await lookOnCopy(order, ground, (found) => leaveFound(path, found));
    await tell(path, { id: order.id, kind: why === null ? 'done' : 'refused', why });
    return true;
  }
  const went = await goAlone(order, ground).catch(
    ({ message: why }: Error): WentAlone => ({
      kind: ground.isDecided() ? 'decided' : 'refused',
      why,
    }),
  );
  return toldOf(path, order.id, went);
}

/** True where etcd may start. */
async function toldOf(path: string, id: string | null, went: WentAlone): Promise<boolean> {
  const why = went.kind === 'done' ? null : went.why;
  if (id !== null) await tell(path, { id, kind: went.kind, why });
  console.error(`etcd ${SAID[went.kind]}${why === null ? '' : `: ${why}`} (order ${id}).`);
  return went.kind !== 'decided';
}

const SAID = {
  done: 'goes on with this member alone',
  refused: 'does not go on alone',
  decided: 'is to go on with this member alone, and cannot yet',
};

/** Whoever takes it away has it: its author takes back only what nobody has taken. */
async function taken(path: string): Promise<AloneOrder | LookOrder | null> {
  const own = `${path}.taken`;
  try {
    await rename(path, own);
  } catch {
    return null;
  }
  try {
    // Whatever comes of it, what was found before is not of then.
    await rm(join(dirname(path), FOUND_ON_COPY), { force: true });
    const order: unknown =
      (await stat(own)).size <= ORDER_BYTES_MAX ? JSON.parse(await readFile(own, 'utf8')) : null;
    return isOrder(order) || isLook(order) ? order : null;
  } catch {
    return null;
  } finally {
    await rm(own, { force: true, recursive: true });
  }
}

function isOrder(order: unknown): order is AloneOrder {
  const { seen, doors, compare, put } = (order ?? {}) as Partial<AloneOrder>;
  const areLists = [doors, compare, put, seen?.voters].every((each) => Array.isArray(each));
  return isGiven(order) && areLists;
}

function isLook(order: unknown): order is LookOrder {
  const { look } = (order ?? {}) as Partial<LookOrder>;
  return isGiven(order) && Array.isArray(look);
}

/** By whom, and until when. */
function isGiven(order: unknown): boolean {
  const { id, boot, untilS } = (order ?? {}) as Partial<AloneOrder>;
  return typeof id === 'string' && typeof untilS === 'number' && typeof boot === 'string';
}

/** For the agent of this site (adapters/etcd/own-member.ts). */
function leaveFound(order: string, found: Omit<FoundOnCopy, 'sites'>): Promise<void> {
  const sites = (process.env.ETCD_INITIAL_CLUSTER ?? '')
    .split(',')
    .map((each) => each.split('=') as [string, string])
    .map(([name, peerUrl]) => ({ name, peerUrl }));
  return leaveWord(join(dirname(order), FOUND_ON_COPY), { ...found, sites }, 0o644);
}

const tell = (order: string, told: AloneTold): Promise<void> =>
  leaveWord(join(dirname(order), ALONE_TOLD), told, 0o644).catch(({ message }: Error) =>
    console.error(`Farol cannot say how an order ended: ${message}`),
  );

/** Beside the data, on their disk. */
const copyOf = (dataDir: string): string => `${dataDir}.promoting`;
/** While it is there the copy is what etcd starts on, and on nothing else. */
const decidedIn = (dataDir: string): string => join(copyOf(dataDir), 'decided');

/** By which order; null where it does not say so. */
async function decidedBy(dataDir: string): Promise<string | null> {
  const id = await readFile(decidedIn(dataDir), 'utf8').catch(() => '');
  return id === '' ? null : id.slice(0, ID_CHARACTERS_MAX);
}

const ID_CHARACTERS_MAX = 100;

function groundAt({ dataDir, tls, etcd }: Place): Ground {
  const copy = copyOf(dataDir);
  const pem = tls === undefined ? undefined : pemIn(tls);
  return {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    uptimeS: () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]),
    reached: async (doors) => {
      const are = await Promise.all(doors.map(takesConnections));
      return doors.filter((_, index) => are[index]);
    },
    reasonUnfit: async () => {
      if (isThere(`${dataDir}.replacing`))
        return "etcd's data here were given up, and are being replaced from the others";
      // Its own data say nothing of that: it was told (patroni-config/etcd-guard).
      if (isThere(join(dataDir, 'member', 'removed')))
        return "etcd's member here was removed from the others, which go on without it: take this site in anew there";
      return reasonNotWhole(dataDir);
    },
    copy: async () => {
      await mkdir(copy, { mode: 0o700 });
      await run('cp', ['-a', '--reflink=auto', join(dataDir, 'member'), copy], {
        timeout: COPIES_WITHIN_MS,
      });
      await commitAll(join(copy, 'member', 'wal'));
    },
    members: () => membersIn(join(copy, 'member')),
    startOnCopy: () => startPrivately({ dataDir: copy, etcd, pem }),
    // Nothing of it may be on its way to the disk only when the machine falls.
    settle: async () => void (await run('sync', ['-f', copy], { timeout: COPIES_WITHIN_MS })),
    decide: async (id) => {
      const deciding = join(copy, 'deciding');
      const file = await open(deciding, 'wx', 0o600);
      try {
        await file.writeFile(id);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(deciding, decidedIn(dataDir));
    },
    isDecided: () => isThere(decidedIn(dataDir)),
    swap: async () => {
      // Before anything is moved: a machine that falls behind that must find the mark, or it would start with no data at all.
      for (const folder of [copy, dirname(dataDir)]) await synced(folder);
      const [from, to] = [join(copy, 'member'), join(dataDir, 'member')];
      // Cut off after this, the copy is still where it was, and the data are not.
      if (isThere(from)) {
        if (isThere(to)) await rename(to, keptAt(dataDir));
        await rename(from, to);
      }
      // With neither etcd would start with no data.
      await stat(to);
      for (const folder of [dataDir, copy, dirname(dataDir)]) await synced(folder);
      await rm(copy, { recursive: true });
      await synced(dirname(dataDir));
    },
    forget: () => rm(copy, { recursive: true, force: true }),
  };
}

/** Where a disk does not say, nobody may take it for no. */
const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

const keptAt = (dataDir: string): string =>
  join(
    dirname(dataDir),
    `${basename(dataDir)}.before-promote-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`,
  );

async function synced(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function takesConnections(door: string): Promise<boolean> {
  const url = new URL(`tcp://${door}`);
  const socket = connect({ host: bareHost(url), port: Number(url.port) });
  return new Promise((resolve) => {
    const say = (takes: boolean) => {
      socket.destroy();
      resolve(takes);
    };
    socket.setTimeout(REACHED_WITHIN_MS, () => say(false));
    socket.once('connect', () => say(true));
    socket.once('error', () => say(false));
  });
}
