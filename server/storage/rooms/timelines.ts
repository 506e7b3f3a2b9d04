import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Database } from '../database.ts';
import { lateInTimeline, ownInTimeline, POSITION } from './timeline.ts';
import { isAfterGap } from './timeline-gaps.ts';

/**
 * Newest events of a room in no order: each list has a member for each of them. As rows of columns, or as
 * one text of JSON, they cost both sides together more than twice as much.
 */
export interface StoredTimeline {
  readonly roomNid: number;
  /** As PostgreSQL writes a list of numbers. */
  readonly nids: string;
  readonly depths: string;
  readonly statesBefore: string;
  readonly statesAfter: string;
  /** With commas between: those of versions in which an id may have one say it in their PDU. */
  readonly eventIds: string;
  /** JSON, with commas between. */
  readonly pdus: string;
  /** The same of `StoredMore`; of events of which there is nothing more to say there is none. */
  readonly more: string | null;
}

export type StoredMore = readonly [
  nid: number,
  position: number,
  origin: readonly [deviceId: string | null, txnId: string] | null,
  replaced: readonly [nid: number, eventId: EventId, isRedacted: boolean, pdu: JsonObject] | null,
  redaction: readonly [eventId: EventId, pdu: JsonObject] | null,
  isAfterGap: boolean,
];

/**
 * The newest events of the timeline of each of these rooms up to a position: `limit` of those that have their
 * number for a position, and as many of the few that entered later, in a row of their own.
 */
export const newestOfTimelines = (
  database: Database,
  range: { roomNids: readonly number[]; upTo: number; limit: number },
) =>
  database.query<StoredTimeline>(
    'newest_of_timelines',
    [ownInTimeline, lateInTimeline]
      .map((events) => listed(events('wanted.nid', { upTo: '$2', limit: '$3' })))
      .join(' UNION ALL '),
    [range.roomNids, range.upTo, range.limit],
  );

const listed = (events: string): string => `
  SELECT wanted.nid AS "roomNid", lists.*
  FROM unnest($1::int8[]) AS wanted (nid) CROSS JOIN LATERAL (
    SELECT array_agg(event_nid)::text AS nids, array_agg(depth)::text AS depths,
      array_agg(state_before)::text AS "statesBefore", array_agg(state_after)::text AS "statesAfter",
      string_agg(event_id, ',') AS "eventIds", string_agg(json, ',') AS pdus,
      string_agg(${MORE}, ',') FILTER (WHERE txn_id IS NOT NULL OR replaces_nid IS NOT NULL
        OR redacted_by IS NOT NULL OR position <> event_nid OR is_after_gap) AS more
    FROM (SELECT found.*, (SELECT event_nid FROM redaction WHERE target_nid = found.event_nid) AS redacted_by,
        ${isAfterGap('found')} AS is_after_gap
      FROM (${events}) found) e) lists
  WHERE nids IS NOT NULL`;

const listOf = (...members: readonly string[]): string =>
  `concat('[', ${members.join(", ',', ")}, ']')`;

const orNull = (text: string): string => `coalesce(${text}, 'null')`;

const MORE = listOf(
  'event_nid',
  POSITION,
  `CASE WHEN txn_id IS NULL THEN 'null'
    ELSE ${listOf(orNull('to_json(device_id)::text'), 'to_json(txn_id)')} END`,
  `CASE WHEN replaces_nid IS NULL THEN 'null' ELSE ${orNull(`(
    SELECT ${listOf('event_nid', 'to_json(event_id)', 'to_json(is_redacted)', 'json')}
    FROM event replaced CROSS JOIN LATERAL (
      SELECT EXISTS (SELECT 1 FROM redaction WHERE target_nid = replaced.event_nid) AS is_redacted) also
    WHERE event_nid = e.replaces_nid)`)} END`,
  `CASE WHEN redacted_by IS NULL THEN 'null' ELSE ${orNull(`(
    SELECT ${listOf('to_json(event_id)', 'json')} FROM event WHERE event_nid = e.redacted_by)`)} END`,
  'is_after_gap::text',
);
