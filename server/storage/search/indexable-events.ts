import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Database } from '../database.ts';
import { isInTimeline, POSITION } from '../rooms/timeline.ts';

/** What the index is made of; and redactions, which take something out of it. */
export interface IndexableEvent {
  readonly position: number;
  readonly nid: number;
  readonly roomNid: number;
  readonly type: string;
  readonly sender: UserId;
  /** Of a message its content will do. */
  readonly pdu: JsonObject;
}

interface StoredIndexable extends Omit<IndexableEvent, 'pdu'> {
  readonly json: string;
}

export interface IndexableRange {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/**
 * Of the timeline in (after, upTo], in its order, and not redacted already; what a redaction takes out stays out where it is redacted itself. Those whose position is not
 * their number are few, and stand in an index of their own, which is read whole.
 */
export async function indexableEvents(
  database: Database,
  { after, upTo, limit }: IndexableRange,
): Promise<IndexableEvent[]> {
  const rows = await database.query<StoredIndexable>(
    'indexable_events',
    `SELECT ${POSITION} AS position, event_nid AS nid, room_nid AS "roomNid", type, sender, json
     FROM ((${OWN}) UNION ALL (${LATE})) found ORDER BY 1 LIMIT $3`,
    [after, upTo, limit],
  );
  return rows.map(({ json, ...event }) => ({ ...event, pdu: JSON.parse(json) as JsonObject }));
}

const INDEXABLE = `type IN ('m.room.message', 'm.room.name', 'm.room.topic', 'm.room.redaction')
  AND ${isInTimeline('event')}
  AND (type = 'm.room.redaction' OR NOT EXISTS (SELECT 1 FROM redaction WHERE target_nid = event.event_nid))`;

const OWN = `SELECT * FROM event WHERE event_nid > $1 AND event_nid <= $2
  AND (position IS NULL OR position = event_nid) AND ${INDEXABLE} ORDER BY event_nid LIMIT $3`;

const LATE = `SELECT * FROM event WHERE position <> event_nid AND position > $1 AND position <= $2
  AND ${INDEXABLE} ORDER BY position LIMIT $3`;
