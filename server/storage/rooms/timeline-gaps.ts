import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { isInTimeline } from './timeline.ts';

/** Of a room the latest that were noted: any server in it may make as many as it sends events. */
const LOOKED_AT_MAX = 1_000;
const TOLD_MAX = 20;

export interface TimelineGap {
  /** Of the event behind it. */
  readonly depth: number;
  readonly nid: number;
  /** Of the event of the timeline before that, in the room's own order: what is missing has its place between. */
  readonly depthBefore: number;
  readonly nidBefore: number;
}

export interface GapsQuery {
  readonly roomNid: number;
  readonly after: { readonly depth: number; readonly nid: number };
  readonly upTo: { readonly depth: number; readonly nid: number };
}

/** Those that lie in a part of the room's own order, also where the event behind them does not: it may be filled by half. */
export const timelineGaps = (database: Database, { roomNid, after, upTo }: GapsQuery) =>
  database.query<TimelineGap>(
    'timeline_gaps',
    `SELECT e.depth, e.event_nid AS nid, b.depth AS "depthBefore", b.event_nid AS "nidBefore"
     FROM (SELECT event_nid FROM timeline_gap WHERE room_nid = $1
         ORDER BY event_nid DESC LIMIT ${LOOKED_AT_MAX}) gap
       JOIN event e USING (event_nid)
       CROSS JOIN LATERAL (SELECT depth, event_nid FROM event
         WHERE room_nid = $1 AND (depth, event_nid) < (e.depth, e.event_nid) AND ${isInTimeline('event')}
         ORDER BY depth DESC, event_nid DESC LIMIT 1) b
     WHERE (e.depth, e.event_nid) > ($2, $3) AND (b.depth, b.event_nid) < ($4, $5)
     ORDER BY e.depth, e.event_nid LIMIT ${TOLD_MAX}`,
    [roomNid, after.depth, after.nid, upTo.depth, upTo.nid],
  );

/** The event follows something that is not here. */
export const timelineGapRow = (roomNid: number, eventNid: number): Row => ({
  write: PUT_GAP,
  values: [roomNid, eventNid],
});

/**
 * Of a row of the table `event`. As EXISTS the planner reads the whole table for it where that has no statistics yet (19 ms for a
 * hundred events among 100,000 gaps; 0.9 ms so).
 */
export const isAfterGap = (event: string): string =>
  `(SELECT gap.event_nid FROM timeline_gap gap
    WHERE gap.room_nid = ${event}.room_nid AND gap.event_nid = ${event}.event_nid) IS NOT NULL`;

const PUT_GAP: Write = {
  name: 'put_timeline_gap',
  table: 'timeline_gap',
  sql: `INSERT INTO timeline_gap (room_nid, event_nid) SELECT * FROM unnest($1::int8[], $2::int8[])
    ON CONFLICT (room_nid, event_nid) DO NOTHING`,
  types: ['int8', 'int8'],
  key: ([roomNid, eventNid]) => `${roomNid} ${eventNid}`,
};
