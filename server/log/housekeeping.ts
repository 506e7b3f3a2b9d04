import { setTimeout as sleep } from 'node:timers/promises';
import { sweepExpired } from '../storage/accounts/expired.ts';
import type { Database } from '../storage/database.ts';
import { sweepServerKeys } from '../storage/federation/server-keys.ts';
import { sweepTakenMessages } from '../storage/federation/taken-messages.ts';
import { sweepUnknownRooms } from '../storage/federation/unknown-rooms.ts';
import { saveClock, trimRecords } from '../storage/log.ts';
import { sweepOutcomes } from '../storage/outcomes.ts';
import { LAST_OF_ALL, LEFT_BEHIND, roomsDeletedBefore } from '../storage/rooms/room-pieces.ts';
import type { LogClock } from './clock.ts';

const EVERY_MS = 60_000;
const LOG_KEPT_MS = 24 * 3_600_000;
/** Small transactions: each is WAL that commits have to wait behind. */
const ROWS_MAX = 2_000;

export interface HouseOptions {
  readonly signal: AbortSignal;
  readonly epoch: number;
  readonly onError: (error: unknown) => void;
  readonly clock: LogClock;
  /** By the clock on the wall, as it was told to whoever holds what expires by it. */
  readonly now: () => number;
  /** Resolves when it is time again. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

/** Notes how late it is by the log's clock, and removes what is kept no longer. Only the writer does so. */
export async function keepHouse(database: Database, options: HouseOptions): Promise<void> {
  const { signal, epoch, clock, now, onError, pause = aMinute } = options;
  while (!signal.aborted) {
    try {
      await saveClock(database, { epoch, ms: clock.nowMs() });
      await trimLog(database, signal);
      await sweep(database, signal);
      await sweepLetIn(database, { signal, nowMs: now() });
      await sweepKeys(database, signal);
      await sweepReceived(database, { signal, nowMs: now() });
      await sweepDeletedRooms(database, { signal, nowMs: now() });
    } catch (error) {
      onError(error);
    }
    await pause(signal).catch(() => {});
  }
}

export async function trimLog(database: Database, signal: AbortSignal, olderThanMs = LOG_KEPT_MS) {
  while (!signal.aborted && (await trimRecords(database, { olderThanMs, limit: ROWS_MAX })));
}

async function sweep(database: Database, signal: AbortSignal) {
  while (!signal.aborted && (await sweepOutcomes(database, ROWS_MAX)) === ROWS_MAX);
}

async function sweepLetIn(
  database: Database,
  { signal, nowMs }: { signal: AbortSignal; nowMs: number },
) {
  while (!signal.aborted && (await sweepExpired(database, { nowMs, limit: ROWS_MAX })));
}

/** Whoever has a domain has any number of servers: their keys must not fill the disk. */
const SERVER_KEYS_MAX = 100_000;

async function sweepKeys(database: Database, signal: AbortSignal) {
  const bounds = { keptMax: SERVER_KEYS_MAX, limit: ROWS_MAX };
  while (!signal.aborted && (await sweepServerKeys(database, bounds)));
}

/** Ids of rooms cost nothing to make up. */
const UNKNOWN_ROOMS_MAX = 10_000;
const TAKEN_MESSAGES_KEPT_MS = 30 * 24 * 3_600_000;

async function sweepReceived(
  database: Database,
  { signal, nowMs }: { signal: AbortSignal; nowMs: number },
) {
  const rooms = { keptMax: UNKNOWN_ROOMS_MAX, limit: ROWS_MAX };
  while (!signal.aborted && (await sweepUnknownRooms(database, rooms)));
  const messages = { beforeMs: nowMs - TAKEN_MESSAGES_KEPT_MS, limit: ROWS_MAX };
  while (!signal.aborted && (await sweepTakenMessages(database, messages)));
}

/** So long whoever was away hears that they are no longer in a room that was deleted. */
const DELETED_KEPT_MS = 30 * 24 * 3_600_000;

async function sweepDeletedRooms(
  database: Database,
  { signal, nowMs }: { signal: AbortSignal; nowMs: number },
) {
  // Of an order that failed, or what was on its way as it ended, there is more.
  for (const room of await roomsDeletedBefore(database, nowMs - DELETED_KEPT_MS))
    for (const remove of [...LEFT_BEHIND, ...LAST_OF_ALL])
      while (!signal.aborted && (await remove(database, { ...room, limit: ROWS_MAX })) > 0);
}

const aMinute = (signal: AbortSignal) => sleep(EVERY_MS, undefined, { signal, ref: false });
