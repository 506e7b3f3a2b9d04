import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ALONE_ORDER,
  ALONE_TOLD,
  type AloneOrder,
  type AloneTold,
  FOUND_ON_COPY,
  type LookOrder,
  ORDER_BYTES_MAX,
} from '../../core/alone-order.ts';
import { bootId, uptimeS } from '../this-boot.ts';
import { printable, textOf, wordIn } from '../word.ts';

/** As an order ends that was given: `withdrawn` was never taken; `unknown` may be carried out still, or was. */
export type AloneEnded =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused' | 'withdrawn' | 'unknown'; readonly why: string };

/** What was ordered and nobody has taken by then is not taken at some later start; what is done upon it may take longer. */
const GOOD_FOR_S = 120;
/** etcd ends, and is started again; on a busy machine that has been seen to take half a minute. */
const TAKEN_WITHIN_MS = 90_000;
/** A copy of etcd's data, one start of etcd, and all of it on the disk. */
const ENDS_WITHIN_MS = 420_000;
const LOOKS_EVERY_MS = 200;
const DIES_WITHIN_MS = 15_000;

type Unsigned<Order> = Omit<Order, 'boot' | 'untilS'>;

interface Place {
  readonly runtimeDir: string;
  readonly takenWithinMs?: number;
}

/**
 * etcd's member of this machine, which an administrator lets go on without the others (cli/promote.ts): its guard, which starts it
 * (patroni-config/etcd-guard), finds the order as etcd ends. Takes root, as whoever may end it.
 */
export function lastMember({ runtimeDir, takenWithinMs = TAKEN_WITHIN_MS }: Place) {
  const folder = join(runtimeDir, 'etcd');
  return async (order: Unsigned<AloneOrder> | Unsigned<LookOrder>): Promise<AloneEnded> => {
    const pid = await untilRunning(folder, takenWithinMs);
    const timed = { boot: bootId(), untilS: uptimeS() + GOOD_FOR_S };
    await leave(folder, { ...order, ...timed });
    try {
      await end(pid);
    } catch (cause) {
      if (await isTakenBack(folder, order.id))
        return {
          kind: 'withdrawn',
          why: `etcd of this machine could not be ended, run this as root (${cause})`,
        };
    }
    return follow(folder, order.id, takenWithinMs);
  };
}

/** From here on the order may have been taken, so nothing is thrown. */
async function follow(folder: string, id: string, takenWithinMs: number): Promise<AloneEnded> {
  const begun = performance.now();
  let told: AloneTold | null = null;
  for (;;) {
    told = (await toldIn(folder, id)) ?? told;
    if (told?.kind === 'done') return { kind: 'done' };
    if (told?.kind === 'refused') return { kind: 'refused', why: printable(told.why ?? '') };
    const passedMs = performance.now() - begun;
    if (told === null && passedMs >= takenWithinMs && (await isTakenBack(folder, id)))
      return {
        kind: 'withdrawn',
        why: 'what starts etcd here did not take the order: its guard is of an older release (the playbook, and one restart of etcd), or etcd is not started again',
      };
    if (passedMs >= ENDS_WITHIN_MS) return { kind: 'unknown', why: whyUnknown(told) };
    await sleep(LOOKS_EVERY_MS);
  }
}

const whyUnknown = (told: AloneTold | null): string =>
  told?.kind === 'decided'
    ? `it is decided, and is not in place yet: ${printable(told.why ?? '')}. It is tried on and on, and etcd of this machine starts on nothing else`
    : `after ${ENDS_WITHIN_MS / 60_000} minutes it has not said how it ended`;

async function toldIn(folder: string, id: string): Promise<AloneTold | null> {
  const told = (await wordIn(join(folder, ALONE_TOLD))) as Partial<AloneTold> | null;
  return told?.id === id && typeof told.kind === 'string' ? (told as AloneTold) : null;
}

/** By a rename, which one of two makes: who takes it to carry it out does so, too. Only what has this name. */
async function isTakenBack(folder: string, id: string): Promise<boolean> {
  const path = join(folder, ALONE_ORDER);
  const back = `${path}.back`;
  try {
    const left = JSON.parse(await textOf(path, ORDER_BYTES_MAX)) as Partial<AloneOrder>;
    if (left.id !== id) return false;
    await rename(path, back);
  } catch {
    return false;
  }
  // What was found is of before etcd was ended; whatever is left of either is void, or is found to be old. Nothing but files: root must not walk
  // through folders of etcd's user.
  for (const each of [back, join(folder, FOUND_ON_COPY)])
    await rm(each, { force: true }).catch(() => undefined);
  return true;
}

/** One that was ended a moment ago is about to be there again. */
async function untilRunning(folder: string, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs;
  for (;;) {
    const pid = await runningIn(folder);
    if (pid !== null) return pid;
    if (performance.now() >= until) break;
    await sleep(LOOKS_EVERY_MS);
  }
  throw new Error(
    'etcd of this machine does not run, or was started before this release: `systemctl restart etcd`, and ask again',
  );
}

/** As its guard wrote it down, if that is etcd still: its folder is etcd's user's, who may have none of another's ended. */
async function runningIn(folder: string): Promise<number | null> {
  const pid = Number(await readFile(join(folder, 'started'), 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 1) return null;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  const owners = await Promise.all([stat(`/proc/${pid}`), stat(folder)]).catch(() => null);
  const isIts = name.trim() === 'etcd' && owners !== null && owners[0].uid === owners[1].uid;
  return isIts ? pid : null;
}

/** Whole or not at all, and only where no other order lies there; where it throws it was not left. */
async function leave(folder: string, order: AloneOrder | LookOrder): Promise<void> {
  const path = join(folder, ALONE_ORDER);
  const own = `${path}.${order.id}`;
  // The folder is etcd's: root must not write to where a link of its user leads.
  const file = await open(own, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(order));
    // etcd's user reads it, whatever the umask of root is.
    await file.chmod(0o644);
    await link(own, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new Error('another order is being carried out here: look how that ends', { cause });
  } finally {
    // Behind the link it is left, whatever becomes of its other name.
    await file.close().catch(() => undefined);
    await rm(own, { force: true }).catch(() => undefined);
  }
}

/** One that does not die even so is not started anew, so the order is not taken, and is taken back. */
async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const killAt = performance.now() + DIES_WITHIN_MS;
  while (isAlive(pid) && performance.now() < killAt + DIES_WITHIN_MS) {
    if (performance.now() >= killAt) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
