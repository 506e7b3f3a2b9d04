import type { EventId, UserId } from '../../protocol/identifiers.ts';
import { BUNDLED } from '../../protocol/relations/bundled.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { type StoredEvent, shown } from './events.ts';
import type { Place } from './places.ts';

/** An event that relates to another one. */
export interface StoredRelation extends Place {
  readonly roomNid: number;
  readonly targetId: EventId;
  readonly relType: string;
  readonly type: string;
  readonly sender: UserId;
  /** `origin_server_ts` of what is an edit by its own form. */
  readonly editTs: number | undefined;
}

const IS_BUNDLED = `rel_type IN (${BUNDLED.map((each) => `'${each}'`).join(', ')})`;

/** What relates to something in (after, upTo], the newest first, and no more than so many of a room. */
export const relationsLately = (
  database: Database,
  rooms: readonly { readonly roomNid: number; readonly after: number; readonly upTo: number }[],
  limit: number,
) =>
  database.query<{ roomNid: number; targetId: EventId; nid: number }>(
    'relations_lately',
    `SELECT wanted.room_nid AS "roomNid", target_id AS "targetId", event_nid AS nid
     FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS wanted (room_nid, after, up_to)
     CROSS JOIN LATERAL (
       SELECT target_id, event_nid FROM relation
       WHERE relation.room_nid = wanted.room_nid AND ${IS_BUNDLED}
         AND event_nid > wanted.after AND event_nid <= wanted.up_to
       ORDER BY event_nid DESC LIMIT $4) found
     ORDER BY event_nid DESC`,
    [
      rooms.map(({ roomNid }) => roomNid),
      rooms.map(({ after }) => after),
      rooms.map(({ upTo }) => upTo),
      limit,
    ],
  );

export interface BundleQuery {
  readonly reader: UserId;
  readonly ignored: readonly UserId[];
  readonly events: readonly {
    readonly roomNid: number;
    readonly eventId: EventId;
    readonly sender: UserId;
    readonly type: string;
    /** Numbers of what the reader may hear of. */
    readonly upTo: number;
  }[];
  readonly referencesMax: number;
}

/** What relates to an event, but for events of users whom the reader ignores. */
export interface StoredBundle {
  readonly roomNid: number;
  readonly eventId: EventId;
  /** The newest edit by the event's own sender. */
  readonly editNid: number | null;
  readonly threadCount: number;
  readonly threadLatestNid: number | null;
  readonly participated: boolean;
  readonly references: readonly EventId[] | null;
}

/** Of these events, those to which something relates that is shown along with them. */
export const bundlesOf = (
  database: Database,
  { reader, ignored, events, referencesMax }: BundleQuery,
) =>
  database.query<StoredBundle>(
    'bundles_of',
    `SELECT room_nid AS "roomNid", event_id AS "eventId", edit.nid AS "editNid",
       thread.count AS "threadCount", latest.nid AS "threadLatestNid",
       (thread.count > 0 AND (wanted.sender = $6 OR EXISTS (
         SELECT 1 FROM relation WHERE ${ofWanted('m.thread')} AND sender = $6)))
         AS participated, reference.ids AS references
     FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::int8[])
       AS wanted (room_nid, event_id, sender, type, up_to)
     CROSS JOIN LATERAL (
       SELECT count(*)::int8 FROM relation
       WHERE ${ofWanted('m.thread')} AND sender <> ALL ($7::text[])) thread
     LEFT JOIN LATERAL (
       SELECT event_nid AS nid FROM relation
       WHERE ${ofWanted('m.thread')} AND sender <> ALL ($7::text[])
       ORDER BY depth DESC, event_nid DESC LIMIT 1) latest ON true
     LEFT JOIN LATERAL (
       SELECT event_nid AS nid FROM relation JOIN event USING (event_nid)
       WHERE ${ofWanted('m.replace')} AND relation.sender = wanted.sender
         AND relation.type = wanted.type AND edit_ts IS NOT NULL
       ORDER BY edit_ts DESC, event.event_id DESC LIMIT 1) edit ON true
     LEFT JOIN LATERAL (
       SELECT json_agg(id) AS ids FROM (
         SELECT event.event_id AS id FROM relation JOIN event USING (event_nid)
         WHERE ${ofWanted('m.reference')} AND relation.sender <> ALL ($7::text[])
         ORDER BY relation.depth, event_nid LIMIT $8) first) reference ON true
     WHERE (
       SELECT true FROM relation
       WHERE relation.room_nid = wanted.room_nid AND target_id = wanted.event_id AND ${IS_BUNDLED}
       LIMIT 1)`,
    [
      events.map((each) => each.roomNid),
      events.map((each) => each.eventId),
      events.map((each) => each.sender),
      events.map((each) => each.type),
      events.map((each) => each.upTo),
      reader,
      ignored,
      referencesMax,
    ],
  );

const ofWanted = (relType: (typeof BUNDLED)[number]): string =>
  `relation.room_nid = wanted.room_nid AND target_id = wanted.event_id
   AND rel_type = '${relType}' AND event_nid <= wanted.up_to`;

export interface RelatedQuery {
  readonly roomNid: number;
  readonly targetId: EventId;
  readonly relType: string | null;
  readonly type: string | null;
  /** 1 for what relates to it directly. */
  readonly hops: number;
  /** Exclusive. */
  readonly from: Place;
  readonly direction: 'b' | 'f';
  readonly limit: number;
}

/** Of what relates to one event over several hops, so many are looked at: the nearest. */
const LOOKED_AT_MAX = 10_000;

/** What relates to an event, in the room's own order. */
export function eventsRelatedTo(database: Database, query: RelatedQuery) {
  const [before, order] = query.direction === 'b' ? ['<', 'DESC'] : ['>', 'ASC'];
  const [name, related] = relatedIn(query);
  return database.query<StoredEvent>(
    `related_${name}_${query.direction}`,
    `${shown(`SELECT event.* FROM (
       SELECT DISTINCT depth, event_nid FROM (${related}) related
       WHERE (depth, event_nid) ${before} ($3, $4) AND ($6::text IS NULL OR type = $6)
         AND ($7::text IS NULL OR rel_type = $7)
       ORDER BY depth ${order}, event_nid ${order} LIMIT $5) page
       CROSS JOIN LATERAL (SELECT * FROM event WHERE event_nid = page.event_nid LIMIT 1) event
       WHERE NOT (outlier OR rejected OR soft_failed)`)}
     ORDER BY e.depth ${order}, e.event_nid ${order}`,
    [
      ...[query.roomNid, query.targetId, query.from.depth, query.from.nid, query.limit],
      ...[query.type, query.relType],
      ...(query.hops > 1 ? [query.hops] : []),
    ],
  );
}

/** Where the kind is named and one hop asked for, the primary key gives them in their order. */
function relatedIn({ hops, relType }: RelatedQuery): [name: string, sql: string] {
  const direct = `SELECT * FROM relation WHERE room_nid = $1 AND target_id = $2`;
  if (hops > 1) return ['far', FAR];
  return relType === null ? ['any', direct] : ['kind', `${direct} AND rel_type = $7`];
}

/** LIMIT keeps the planner from joining whole tables: see events.ts. */
const FAR = `
  WITH RECURSIVE far AS (
    SELECT relation.*, 1 AS hop FROM relation WHERE room_nid = $1 AND target_id = $2
    UNION ALL
    SELECT next.*, hop + 1 FROM far
      CROSS JOIN LATERAL (
        SELECT event_id FROM event WHERE event_nid = far.event_nid LIMIT 1) parent
      CROSS JOIN LATERAL (
        SELECT * FROM relation WHERE room_nid = $1 AND target_id = parent.event_id
        LIMIT ${LOOKED_AT_MAX}) next
    WHERE hop < $8)
  SELECT * FROM (SELECT * FROM far LIMIT ${LOOKED_AT_MAX}) nearest`;

export interface RelatedTargetsQuery {
  readonly roomNid: number;
  readonly targetIds: readonly EventId[];
  /** Null for any. */
  readonly relTypes: readonly string[] | null;
  readonly senders: readonly string[] | null;
  /** Whose relations do not count. */
  readonly ignored: readonly UserId[];
  /** The number of the last event that counts. */
  readonly upTo: number;
}

/** Those of the events to which something relates. */
export async function relatedTargets(
  database: Database,
  { roomNid, targetIds, relTypes, senders, ignored, upTo }: RelatedTargetsQuery,
): Promise<readonly EventId[]> {
  const rows = await database.query<{ targetId: EventId }>(
    'related_targets',
    `SELECT target_id AS "targetId" FROM unnest($2::text[]) AS wanted (target_id)
     WHERE EXISTS (
       SELECT 1 FROM relation
       WHERE room_nid = $1 AND relation.target_id = wanted.target_id AND event_nid <= $6
         AND ($3::text[] IS NULL OR rel_type = ANY ($3::text[]))
         AND ($4::text[] IS NULL OR sender = ANY ($4::text[])) AND sender <> ALL ($5::text[]))`,
    [roomNid, targetIds, relTypes, senders, ignored, upTo],
  );
  return rows.map(({ targetId }) => targetId);
}

export interface ThreadQuery {
  readonly roomNid: number;
  /** Of the newest event of the last thread before; exclusive. */
  readonly from: Place;
  readonly participant: UserId | null;
  readonly limit: number;
}

export type StoredThread = StoredEvent & {
  readonly latestDepth: number;
  readonly latestNid: number;
};

/** The roots of the room's threads, that with the newest event first. */
export const threadsOfRoom = (database: Database, query: ThreadQuery) =>
  database.query<StoredThread>(
    'threads_of_room',
    `SELECT events.*, thread.latest_depth AS "latestDepth", thread.latest_nid AS "latestNid"
     FROM (SELECT * FROM thread
       WHERE room_nid = $1 AND latest_nid > 0 AND (latest_depth, latest_nid) < ($2, $3)
         AND ($4::text IS NULL OR EXISTS (
           SELECT 1 FROM relation WHERE relation.room_nid = $1 AND target_id = root_id
             AND rel_type = 'm.thread' AND sender = $4)
           OR EXISTS (SELECT 1 FROM event WHERE event_id = root_id AND sender = $4))
       ORDER BY latest_depth DESC, latest_nid DESC LIMIT $5) thread
     CROSS JOIN LATERAL (${shown(
       'SELECT * FROM event WHERE event_id = thread.root_id AND event.room_nid = $1 LIMIT 1',
     )}) events
     ORDER BY thread.latest_depth DESC, thread.latest_nid DESC`,
    [query.roomNid, query.from.depth, query.from.nid, query.participant, query.limit],
  );

/** Whether the user said something of this event by a relation of this kind; what it was, as JSON. */
export const relationsBy = (
  database: Database,
  { roomNid, targetId, relType, type, sender }: Omit<StoredRelation, 'depth' | 'nid' | 'editTs'>,
) =>
  database.query<{ json: string }>(
    'relations_by',
    `SELECT json FROM relation JOIN event USING (event_nid)
     WHERE relation.room_nid = $1 AND target_id = $2 AND rel_type = $3
       AND relation.type = $4 AND relation.sender = $5 LIMIT 1000`,
    [roomNid, targetId, relType, type, sender],
  );

export const relationRows = (relation: StoredRelation): Row[] => {
  const { roomNid, targetId, relType, depth, nid, type, sender, editTs } = relation;
  const values = [roomNid, targetId, relType, depth, nid, type, sender, editTs ?? null];
  const row = { write: INSERT_RELATION, values };
  if (relType !== 'm.thread') return [row];
  return [row, { write: PUT_THREAD, values: [roomNid, targetId, depth, nid] }];
};

export const noRelationRow = ({ roomNid, targetId, relType, depth, nid }: StoredRelation): Row => ({
  write: DELETE_RELATION,
  values: [roomNid, targetId, relType, depth, nid],
});

const INSERT_RELATION: Write = {
  name: 'insert_relation',
  table: 'relation',
  sql: `INSERT INTO relation (room_nid, target_id, rel_type, depth, event_nid, type, sender, edit_ts)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::text[],
      $7::text[], $8::int8[])`,
  types: ['int8', 'text', 'text', 'int8', 'int8', 'text', 'text', 'int8'],
};

const PUT_THREAD: Write = {
  name: 'put_thread',
  table: 'thread',
  sql: `INSERT INTO thread (room_nid, root_id, latest_depth, latest_nid)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[])
    ON CONFLICT (room_nid, root_id) DO UPDATE
      SET latest_depth = excluded.latest_depth, latest_nid = excluded.latest_nid
      WHERE (thread.latest_depth, thread.latest_nid) < (excluded.latest_depth, excluded.latest_nid)`,
  types: ['int8', 'text', 'int8', 'int8'],
  key: ([roomNid, rootId]) => `${roomNid} ${rootId}`,
};

/** A statement does not see what another part of it has deleted, so the rows are left out by number. */
const DELETE_RELATION: Write = {
  name: 'delete_relation',
  table: 'relation',
  sql: `WITH gone AS (
      DELETE FROM relation USING unnest($1::int8[], $2::text[], $3::text[], $4::int8[], $5::int8[])
        AS taken (room_nid, target_id, rel_type, depth, event_nid)
      WHERE relation.room_nid = taken.room_nid AND relation.target_id = taken.target_id
        AND relation.rel_type = taken.rel_type AND relation.depth = taken.depth
        AND relation.event_nid = taken.event_nid
      RETURNING relation.room_nid, relation.target_id, relation.rel_type)
    UPDATE thread SET latest_depth = coalesce(newest.depth, 0), latest_nid = coalesce(newest.event_nid, 0)
    FROM (SELECT DISTINCT room_nid, target_id FROM gone WHERE rel_type = 'm.thread') shorter
      LEFT JOIN LATERAL (
        SELECT depth, event_nid FROM relation
        WHERE relation.room_nid = shorter.room_nid AND relation.target_id = shorter.target_id
          AND rel_type = 'm.thread' AND event_nid <> ALL ($5::int8[])
        ORDER BY depth DESC, event_nid DESC LIMIT 1) newest ON true
    WHERE thread.room_nid = shorter.room_nid AND root_id = shorter.target_id`,
  types: ['int8', 'text', 'text', 'int8', 'int8'],
};
