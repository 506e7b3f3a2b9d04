import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import type { PageOfIds } from './removal.ts';

interface Named {
  readonly mediaId: string;
}

const IN_SIGHT = `SELECT media_id AS "mediaId" FROM media WHERE quarantined_by IS NULL AND NOT protected`;

/** Those of the ids that are there, in sight, and not protected. */
export const inSightAmong = (database: Database, mediaIds: readonly string[]) =>
  database.query<Named>('media_in_sight_among', `${IN_SIGHT} AND media_id = ANY ($1::text[])`, [
    mediaIds,
  ]);

/** The same of all that a user has uploaded. */
export const inSightOf = (database: Database, userId: UserId, { after, limit }: PageOfIds) =>
  database.query<Named>(
    'media_in_sight_of',
    `${IN_SIGHT} AND user_id = $1 AND media_id > $2 ORDER BY media_id LIMIT $3`,
    [userId, after, limit],
  );

/** What is in those of the ids that have content. */
export const contentsOf = (database: Database, mediaIds: readonly string[]) =>
  database.query<{ readonly sha256: Buffer }>(
    'media_contents_of',
    'SELECT sha256 FROM media WHERE media_id = ANY ($1::text[]) AND sha256 IS NOT NULL',
    [mediaIds],
  );

/** By whom it is out of sight; null for what is to be in sight again. What is protected stays as it is. */
export const quarantineRow = (mediaId: string, by: UserId | null): Row => ({
  write: QUARANTINE,
  values: [mediaId, by],
});

export const protectRow = (mediaId: string, isProtected: boolean): Row => ({
  write: PROTECT,
  values: [mediaId, isProtected],
});

/** Of another kind than that of whole rows, which must not take its place in a batch. */
const QUARANTINE: Write = {
  name: 'quarantine_media',
  table: 'media',
  sql: `UPDATE media SET quarantined_by = wanted.by FROM unnest($1::text[], $2::text[]) AS wanted (id, by)
    WHERE media_id = wanted.id AND (wanted.by IS NULL OR NOT protected)`,
  types: ['text', 'text'],
  key: ([mediaId]) => `quarantine of ${mediaId}`,
};

const PROTECT: Write = {
  name: 'protect_media',
  table: 'media',
  sql: `UPDATE media SET protected = wanted.shielded, scan_overruled = wanted.shielded AND scan_found IS NOT NULL
    FROM unnest($1::text[], $2::bool[]) AS wanted (id, shielded)
    WHERE media_id = wanted.id`,
  types: ['text', 'bool'],
  key: ([mediaId]) => `protection of ${mediaId}`,
};

export interface EventWithMedia {
  readonly nid: number;
  readonly json: string;
}

/** Events of a room that may name media, in the order of their numbers. */
export const eventsWithMedia = (
  database: Database,
  roomId: string,
  { after, limit }: { after: number; limit: number },
) =>
  database.query<EventWithMedia>(
    'events_with_media',
    `SELECT event_nid AS nid, json FROM event
     WHERE room_nid = (SELECT room_nid FROM room WHERE room_id = $1) AND event_nid > $2
       AND json LIKE '%"mxc://%'
       AND NOT (outlier OR rejected OR soft_failed OR backfilled)
     ORDER BY event_nid LIMIT $3`,
    [roomId, after, limit],
  );
