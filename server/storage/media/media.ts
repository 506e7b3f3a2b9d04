import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import type { Scanned } from './scan.ts';

/** Bytes that are there, all of them, and belong to a media id. */
export interface Content {
  readonly mediaId: string;
  readonly uploadNid: number;
  /** Under which they lie in the object store; null where they are in pieces here. */
  readonly objectKey: string | null;
  readonly bytes: number;
  readonly contentType: string;
  readonly fileName: string | null;
  readonly sha256: Buffer;
}

export interface Media {
  readonly mediaId: string;
  readonly userId: UserId;
  readonly createdMs: number;
  /** Until when it may be given content; null where it never was without. */
  readonly expiresMs: number | null;
  readonly content: Content | undefined;
}

export interface StoredMedia extends Media {
  /** An administrator has taken it out of sight. */
  readonly isQuarantined: boolean;
  /** An administrator has protected it, knowing what the scanner had found. */
  readonly isFalseAlarm: boolean;
  /** Undefined where no scanner has said anything of it. */
  readonly scan: Scanned | undefined;
}

interface Stored extends Omit<StoredMedia, 'content' | 'scan'>, Omit<Content, 'uploadNid'> {
  readonly scannedMs: number | null;
  readonly scanFound: string | null;
  readonly uploadNid: number | null;
}

export const CONTENT_COLUMNS = `media_id AS "mediaId", upload_nid AS "uploadNid", object_key AS "objectKey", bytes,
  content_type AS "contentType", file_name AS "fileName", sha256`;

export async function mediaOf(
  database: Database,
  mediaId: string,
): Promise<StoredMedia | undefined> {
  const [row] = await database.query<Stored>(
    'media',
    `SELECT ${CONTENT_COLUMNS}, user_id AS "userId", created_ms AS "createdMs", expires_ms AS "expiresMs",
       quarantined_by IS NOT NULL AS "isQuarantined", scan_overruled AS "isFalseAlarm",
       scanned_ms AS "scannedMs", scan_found AS "scanFound"
     FROM media WHERE media_id = $1`,
    [mediaId],
  );
  if (!row) return undefined;
  const { uploadNid, objectKey, bytes, contentType, fileName, sha256, ...others } = row;
  const { scannedMs, scanFound, ...rest } = others;
  const content = { mediaId, objectKey, bytes, contentType, fileName, sha256 };
  return {
    ...rest,
    scan: scannedMs === null ? undefined : { scannedMs, found: scanFound },
    content: uploadNid === null ? undefined : { ...content, uploadNid },
  };
}

/** What a file counts for at least: its rows take room, also where nothing is in it. */
const FILE_BYTES_MIN = 1_024;

/** What a file of so many bytes counts for. */
export const countedBytes = (bytes: number): number => Math.max(bytes, FILE_BYTES_MIN);

const COUNTED = `coalesce(sum(greatest(bytes, ${FILE_BYTES_MIN})) FILTER (WHERE bytes IS NOT NULL), 0)::int8 AS bytes`;

/** How much all have uploaded, or one user has, as it is counted. */
export async function usedBytes(database: Database, userId?: UserId): Promise<number> {
  const [row] = await (userId === undefined
    ? database.query<{ bytes: number }>('media_used', `SELECT ${COUNTED} FROM media`)
    : database.query<{ bytes: number }>(
        'media_used_by',
        `SELECT ${COUNTED} FROM media WHERE user_id = $1`,
        [userId],
      ));
  return row!.bytes;
}

/** Of those that a user has created, how many may still be given content. */
export async function pendingCount(
  database: Database,
  { userId, nowMs }: { userId: UserId; nowMs: number },
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'media_pending',
    'SELECT count(*) FROM media WHERE user_id = $1 AND upload_nid IS NULL AND expires_ms > $2',
    [userId, nowMs],
  );
  return row!.count;
}

/** Those that were never given content in their time. Answers whether there may be more. */
export async function sweepExpiredMedia(
  database: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<boolean> {
  const gone = await database.query(
    'media_sweep_expired',
    `DELETE FROM media WHERE media_id IN (
       SELECT media_id FROM media WHERE upload_nid IS NULL AND expires_ms < $1 LIMIT $2)
     AND upload_nid IS NULL RETURNING media_id`,
    [nowMs, limit],
  );
  return gone.length === limit;
}

export const mediaRow = ({ mediaId, userId, createdMs, expiresMs, content }: Media): Row => ({
  write: PUT_MEDIA,
  values: [
    ...[mediaId, userId, createdMs, expiresMs],
    ...[content?.uploadNid ?? null, content?.bytes ?? null, content?.contentType ?? null],
    ...[content?.fileName ?? null, content?.sha256 ?? null],
  ],
});

export const uploadBegunRow = (uploadNid: number): Row => ({
  write: BEGIN_UPLOAD,
  values: [uploadNid],
});

/** Its pieces belong to a media id from now on. */
export const uploadDoneRow = (uploadNid: number): Row => ({
  write: END_UPLOAD,
  values: [uploadNid],
});

const PUT_MEDIA: Write = {
  name: 'put_media',
  table: 'media',
  sql: `INSERT INTO media (media_id, user_id, created_ms, expires_ms, upload_nid, bytes, content_type, file_name, sha256)
    SELECT * FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::text[], $8::text[],
      $9::bytea[])
    ON CONFLICT (media_id) DO UPDATE SET upload_nid = excluded.upload_nid, bytes = excluded.bytes,
      content_type = excluded.content_type, file_name = excluded.file_name, sha256 = excluded.sha256`,
  types: ['text', 'text', 'int8', 'int8', 'int8', 'int8', 'text', 'text', 'bytea'],
  key: ([mediaId]) => `${mediaId}`,
};

const BEGIN_UPLOAD: Write = {
  name: 'begin_media_upload',
  table: 'media_upload',
  sql: 'INSERT INTO media_upload (upload_nid) SELECT * FROM unnest($1::int8[])',
  types: ['int8'],
};

const END_UPLOAD: Write = {
  name: 'end_media_upload',
  table: 'media_upload',
  sql: 'DELETE FROM media_upload USING unnest($1::int8[]) AS done (nid) WHERE upload_nid = done.nid',
  types: ['int8'],
};
