import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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
} from '../core/alone-order.ts';
import { pemIn } from '../promotion/request.ts';
import { commitAll } from './commit-all.ts';
import { type Ground, goAlone, lookOnCopy } from './go-alone.ts';
import { startPrivately } from './private-member.ts';

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
const ORDER_BYTES_MAX = 64 * 1024;

/**
 * Carries an administrator's order out, once, and brings to its end what was decided before the machine fell. True where etcd may start. Whoever
 * follows the order is told how it ended in the folder that it was left in.
 */
export async function followOrder(place: Place): Promise<boolean> {
  const { order: path, dataDir } = place;
  const ground = groundAt(place);
  if (existsSync(decidedIn(dataDir))) return isSwapped(ground);
  await ground.forget();
  const order = await taken(path);
  if (order === null) return true;
  await tell(path, { id: order.id, kind: 'taken', why: null });
  if ('look' in order) {
    const why = await lookOnCopy(order, ground, (found) => leaveFound(path, found));
    await tell(path, { id: order.id, kind: why === null ? 'done' : 'refused', why });
    return true;
  }
  const why = await goAlone(order, ground).catch(({ message }: Error) => message);
  // What was decided and could not be put in place yet is neither done nor refused.
  if (existsSync(decidedIn(dataDir))) return false;
  await tell(path, { id: order.id, kind: why === null ? 'done' : 'refused', why });
  const said = why === null ? 'goes on with this member alone' : `does not go on alone: ${why}`;
  console.error(`etcd ${said} (order ${order.id}).`);
  return true;
}

async function isSwapped(ground: Ground): Promise<boolean> {
  try {
    await ground.swap();
    console.error('etcd goes on with this member alone, as it was ordered before it ended.');
    return true;
  } catch (error) {
    console.error(`etcd's data could not be put in their place: ${error}`);
    return false;
  }
}

/** Whoever takes it away has it: its author takes back only what nobody has taken. */
async function taken(path: string): Promise<AloneOrder | LookOrder | null> {
  const own = `${path}.taken`;
  try {
    await rename(path, own);
  } catch {
    return null;
  }
  try {
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
  const { id, boot, untilS, seen, doors, compare, put } = (order ?? {}) as Partial<AloneOrder>;
  const areLists = [doors, compare, put].every((each) => Array.isArray(each));
  const isTimed = typeof untilS === 'number' && typeof boot === 'string';
  return typeof id === 'string' && isTimed && areLists && typeof seen === 'object' && seen !== null;
}

function isLook(order: unknown): order is LookOrder {
  const { id, boot, untilS, look } = (order ?? {}) as Partial<LookOrder>;
  const isTimed = typeof untilS === 'number' && typeof boot === 'string';
  return typeof id === 'string' && isTimed && Array.isArray(look);
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
    copy: async () => {
      await mkdir(copy, { mode: 0o700 });
      await run('cp', ['-a', '--reflink=auto', join(dataDir, 'member'), copy], {
        timeout: COPIES_WITHIN_MS,
      });
    },
    startOnCopy: async () => {
      await commitAll(join(copy, 'member', 'wal'));
      return startPrivately({ dataDir: copy, etcd, pem });
    },
    decide: async () => {
      // Nothing of it may be on its way to the disk only when the machine falls.
      await run('sync', ['-f', copy], { timeout: COPIES_WITHIN_MS });
      const file = await open(decidedIn(dataDir), 'wx', 0o600);
      await file.sync();
      await file.close();
      await synced(copy);
    },
    swap: async () => {
      const [from, to] = [join(copy, 'member'), join(dataDir, 'member')];
      // Cut off after this, the copy is still where it was, and the data are not.
      if (existsSync(from) && existsSync(to)) await rename(to, keptAt(dataDir));
      if (existsSync(from)) await rename(from, to);
      for (const folder of [dataDir, copy, dirname(dataDir)]) await synced(folder);
      await rm(copy, { recursive: true });
      await synced(dirname(dataDir));
    },
    forget: async () => {
      // First what would have a later start take what is left of the copy for whole.
      await rm(decidedIn(dataDir), { force: true });
      await rm(copy, { recursive: true, force: true });
    },
  };
}

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
  const { hostname, port } = new URL(`tcp://${door}`);
  const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) });
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
