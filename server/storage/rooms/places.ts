import type { Database } from '../database.ts';
import { newestInTimeline, POSITION } from './timeline.ts';

/**
 * How many events are gone through for an edge of the timeline. The upper one is found at the first of them nearly always: only
 * tokens that are older than so many events cost more.
 */
export const LOOKED_THROUGH_MAX = 500;

/** An event's place in its room's own order. */
export interface Place {
  readonly depth: number;
  readonly nid: number;
}

/** The last event of the timeline up to a position of the log. */
export async function placeAt(
  database: Database,
  roomNid: number,
  position: number,
): Promise<Place | undefined> {
  const rows = await database.query<Place>(
    'place_at',
    `SELECT depth, event_nid AS nid FROM (
       ${newestInTimeline('$1', { upTo: '$2', limit: '1' })}) newest`,
    [roomNid, position],
  );
  return rows[0];
}

/**
 * The deepest event of the timeline up to a position: what came last is not always the deepest, since depths are what the servers
 * of a room say they are. Where more events than are gone through are deeper and came later, it is the deepest of as many that came
 * before.
 */
export async function deepestUpTo(
  database: Database,
  roomNid: number,
  position: number,
): Promise<Place | undefined> {
  const [deepest] = await database.query<Place>('deepest_up_to', DEEPEST_UP_TO, [
    roomNid,
    position,
  ]);
  return deepest ?? deepestOfNewest(database, roomNid, position);
}

/** With the columns of `Place`, of the events of a room in its own order: those that are looked through from a place down. */
const inOrder = (below = ''): string => `
  SELECT depth, event_nid AS nid, backfilled, ${POSITION} AS position FROM event
  WHERE room_nid = $1 AND NOT (outlier OR rejected OR soft_failed) ${below}
  ORDER BY depth DESC, event_nid DESC LIMIT ${LOOKED_THROUGH_MAX}`;

export const DEEPEST_UP_TO = `SELECT depth, nid FROM (${inOrder()}) deepest
  WHERE NOT backfilled AND position <= $2 ORDER BY depth DESC, nid DESC LIMIT 1`;

async function deepestOfNewest(database: Database, roomNid: number, position: number) {
  const [deepest] = await database.query<Place>(
    'deepest_of_newest',
    `SELECT depth, event_nid AS nid FROM (
       ${newestInTimeline('$1', { upTo: '$2', limit: `${LOOKED_THROUGH_MAX}` })}) newest
     ORDER BY depth DESC, event_nid DESC LIMIT 1`,
    [roomNid, position],
  );
  return deepest;
}

/** Of those that came into the timeline behind a position the one that is least deep, if it lies below a place. */
export async function shallowestBehind(
  database: Database,
  roomNid: number,
  { position, below }: { readonly position: number; readonly below: Place },
): Promise<Place | undefined> {
  const [shallowest] = await database.query<Place>(
    'shallowest_behind',
    `SELECT depth, nid FROM (${inOrder('AND (depth, event_nid) < ($3, $4)')}) below
     WHERE NOT backfilled AND position > $2 ORDER BY depth, nid LIMIT 1`,
    [roomNid, position, below.depth, below.nid],
  );
  return shallowest;
}
