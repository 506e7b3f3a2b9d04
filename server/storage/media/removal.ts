import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { ACCESS_NOTED_MS } from './access.ts';

/** Content that may go. */
export interface Removable {
  readonly mediaId: string;
  readonly bytes: number;
  readonly sha256: Buffer;
}

/** Where a page begins, in the order of media ids, and how many it has. */
export interface PageOfIds {
  readonly after: string;
  readonly limit: number;
}

const WITH_CONTENT = `SELECT media_id AS "mediaId", bytes, sha256 FROM media
  LEFT JOIN media_access AS access USING (media_id) WHERE upload_nid IS NOT NULL`;

export const removableAmong = (database: Database, mediaIds: readonly string[]) =>
  database.query<Removable>('removable_among', `${WITH_CONTENT} AND media_id = ANY ($1::text[])`, [
    mediaIds,
  ]);

export const removableOf = (database: Database, userId: UserId, { after, limit }: PageOfIds) =>
  database.query<Removable>(
    'removable_of',
    `${WITH_CONTENT} AND user_id = $1 AND media_id > $2 ORDER BY media_id LIMIT $3`,
    [userId, after, limit],
  );

export interface Unused {
  /** Nobody has asked for it since. */
  readonly beforeMs: number;
  readonly largerThanBytes: number;
}

const UNUSED = `${WITH_CONTENT} AND NOT protected AND quarantined_by IS NULL AND bytes > $2
  AND created_ms < $1 AND coalesce(access.last_ms + ${ACCESS_NOTED_MS}, 0) < $1`;

/** But for what administrators have said something of, and what may have been asked for since it was last written down. */
export const removableUnused = (
  database: Database,
  { beforeMs, largerThanBytes }: Unused,
  { after, limit }: PageOfIds,
) =>
  database.query<Removable>(
    'removable_unused',
    `${UNUSED} AND media_id > $3 ORDER BY media_id LIMIT $4`,
    [beforeMs, largerThanBytes, after, limit],
  );

/** Those of the ids that are still so. */
export const unusedAmong = (
  database: Database,
  { beforeMs, largerThanBytes }: Unused,
  mediaIds: readonly string[],
) =>
  database.query<Removable>('unused_among', `${UNUSED} AND media_id = ANY ($3::text[])`, [
    ...[beforeMs, largerThanBytes, mediaIds],
  ]);

/** Those of the URIs that are a picture in somebody's profile. */
export async function avatarsAmong(
  database: Database,
  uris: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ value: string }>(
    'avatars_among',
    `SELECT DISTINCT value FROM profile_field WHERE field = 'avatar_url' AND value = ANY ($1::text[])`,
    [uris.map((uri) => JSON.stringify(uri))],
  );
  return new Set(rows.map(({ value }) => JSON.parse(value) as string));
}

/** The pictures of all rooms. */
export async function roomAvatars(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ url: string }>(
    'room_avatars',
    `SELECT event.json::json -> 'content' ->> 'url' AS url
     FROM state_key JOIN room ON true
       JOIN current_state AS now ON now.room_nid = room.room_nid AND now.key_nid = state_key.key_nid
       JOIN event USING (event_nid)
     WHERE state_key.type = 'm.room.avatar' AND state_key.state_key = ''`,
  );
  return new Set(rows.map(({ url }) => url));
}

/** Takes its media id; the content is in `media_gone` from then on, in the same change. */
export const mediaGoneRow = (mediaId: string): Row => ({ write: TAKE_MEDIA, values: [mediaId] });

const TAKE_MEDIA: Write = {
  name: 'take_media',
  table: 'media',
  // The key is that of `objectKeyOf`, also where nothing is known to lie there: it may be under way there at this moment.
  sql: `WITH gone AS (DELETE FROM media USING unnest($1::text[]) AS taken (id)
      WHERE media_id = taken.id RETURNING upload_nid, media_id, sha256)
    INSERT INTO media_gone (upload_nid, media_id, object_key)
    SELECT upload_nid, media_id, upload_nid || '-' || encode(sha256, 'hex') FROM gone WHERE upload_nid IS NOT NULL
    ON CONFLICT (upload_nid) DO UPDATE SET object_key = excluded.object_key`,
  types: ['text'],
  key: ([mediaId]) => `${mediaId}`,
};

export interface Gone {
  readonly uploadNid: number;
  readonly mediaId: string;
  /** Of an object that goes, too; null where only the pieces do. */
  readonly objectKey: string | null;
}

/** Whose bytes are still there. */
export const someGone = (
  database: Database,
  { after, limit }: { readonly after: number; readonly limit: number },
) =>
  database.query<Gone>(
    'media_some_gone',
    `SELECT upload_nid AS "uploadNid", media_id AS "mediaId", object_key AS "objectKey" FROM media_gone
     WHERE upload_nid > $1 ORDER BY upload_nid LIMIT $2`,
    [after, limit],
  );

/** Nothing of it is left; a media id that was only moved is still asked for. What has come to be gone meanwhile stays. */
export const forgetGone = (database: Database, { uploadNid, mediaId, objectKey }: Gone) =>
  database.query(
    'media_forget_gone',
    `WITH access AS (DELETE FROM media_access WHERE media_id = $2 AND NOT EXISTS (SELECT FROM media WHERE media_id = $2))
     DELETE FROM media_gone WHERE upload_nid = $1 AND object_key IS NOT DISTINCT FROM $3`,
    [uploadNid, mediaId, objectKey],
  );
