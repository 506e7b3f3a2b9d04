import type { EventId, RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import { isInTimeline } from '../rooms/timeline.ts';
import { isPassedOn } from './passed-on.ts';

/** An event of ours, or one that came through us, as far as it says who is to get it. */
export interface OutgoingEvent {
  /** And its number: an event of our own never enters late. */
  readonly position: number;
  readonly roomNid: number;
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string | null;
  readonly sender: UserId;
  /** Of a membership event. */
  readonly memberJson: string | null;
  /** And the one that it replaced in the state. */
  readonly replacedJson: string | null;
}

/** One as it goes over the wire. */
export interface OutgoingPdu {
  readonly position: number;
  readonly eventId: EventId;
  readonly roomVersion: string;
  readonly json: string;
  readonly isRedacted: boolean;
}

/** Sent by our users, or by others through us. */
const isForUsToSend = (server: string): string =>
  `(right(sender, length(${server}) + 1) = ':' || ${server} OR ${isPassedOn('event')})
   AND ${isInTimeline('event')}`;

const PDU = `own.event_id AS "eventId", version AS "roomVersion", own.json,
  EXISTS (SELECT 1 FROM redaction WHERE target_nid = own.event_nid) AS "isRedacted"`;

const selectFrom = (events: string, order: string, more?: string): string =>
  `SELECT own.event_nid AS position, own.room_nid AS "roomNid", room.room_id AS "roomId", own.type,
     own.state_key AS "stateKey", own.sender, CASE WHEN own.type = 'm.room.member' THEN own.json END AS "memberJson",
     replaced.json AS "replacedJson"${more ? `, ${more}` : ''}
   FROM (${events}) own JOIN room USING (room_nid)
   LEFT JOIN event replaced ON own.type = 'm.room.member' AND replaced.event_nid = own.replaces_nid
   ORDER BY own.event_nid ${order}`;

/** Of all rooms in (after, upTo], in order. */
export const outgoingEvents = (
  database: Database,
  range: { server: ServerName; after: number; upTo: number; limit: number },
) =>
  database.query<OutgoingEvent & OutgoingPdu>(
    'outgoing_events',
    selectFrom(
      `SELECT * FROM event WHERE event_nid > $2 AND event_nid <= $3 AND ${isForUsToSend('$1')}
       ORDER BY event_nid LIMIT $4`,
      ...(['ASC', PDU] as const),
    ),
    [range.server, range.after, range.upTo, range.limit],
  );

/** The newest of one room in (after, upTo], newest first. */
export const newestOutgoing = (
  database: Database,
  range: { server: ServerName; roomNid: number; after: number; upTo: number; limit: number },
) =>
  database.query<OutgoingEvent>(
    'newest_outgoing',
    selectFrom(
      `SELECT * FROM event WHERE room_nid = $2 AND event_nid > $3 AND event_nid <= $4
         AND ${isForUsToSend('$1')}
       ORDER BY event_nid DESC LIMIT $5`,
      'DESC',
    ),
    [range.server, range.roomNid, range.after, range.upTo, range.limit],
  );

export const outgoingPdus = (database: Database, positions: readonly number[]) =>
  database.query<OutgoingPdu>(
    'outgoing_pdus',
    `SELECT event_nid AS position, ${PDU}
     FROM event own JOIN room USING (room_nid) WHERE event_nid = ANY ($1::int8[])
     ORDER BY event_nid`,
    [positions],
  );
