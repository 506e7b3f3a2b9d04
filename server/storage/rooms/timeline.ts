/** Of an event of the timeline: its number, where no position of its own was written down. */
export const POSITION = 'coalesce(position, event_nid)';

export const isInTimeline = (event: string): string =>
  `NOT (${event}.outlier OR ${event}.rejected OR ${event}.soft_failed OR ${event}.backfilled)`;

interface Bounds {
  readonly after?: string;
  readonly upTo: string;
  readonly limit: string;
}

/**
 * The newest events of a room's timeline in (after, upTo]. Nearly all have their number for a position,
 * and are found by the index `event_timeline`. Those that entered later have a small index of their own,
 * which is made behind a takeover: until it is there, there are none of them.
 */
export const newestInTimeline = (room: string, bounds: Bounds): string => `
  SELECT * FROM (
    (${ownInTimeline(room, bounds)}) UNION ALL (${lateInTimeline(room, bounds)})) timeline
  ORDER BY ${POSITION} DESC LIMIT ${bounds.limit}`;

/** Those of them that have their number for a position. */
export const ownInTimeline = (room: string, { after = '0', upTo, limit }: Bounds): string => `
  SELECT * FROM event WHERE room_nid = ${room} AND ${isInTimeline('event')}
    AND (position IS NULL OR position = event_nid) AND event_nid > ${after} AND event_nid <= ${upTo}
  ORDER BY event_nid DESC LIMIT ${limit}`;

/** Those that entered later. */
export const lateInTimeline = (room: string, { after = '0', upTo, limit }: Bounds): string => `
  SELECT * FROM event WHERE room_nid = ${room} AND position <> event_nid
    AND EXISTS (SELECT 1 FROM migration WHERE number = ${LATE_INDEX})
    AND position > ${after} AND position <= ${upTo}
  ORDER BY position DESC LIMIT ${limit}`;

const LATE_INDEX = 80;
