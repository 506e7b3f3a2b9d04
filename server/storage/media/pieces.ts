import type { ByteReader, ByteWriter, Database } from '../database.ts';

export interface Piece {
  readonly uploadNid: number;
  readonly beginsAt: number;
  readonly bytes: Buffer;
}

/**
 * Stages a piece of an upload that is under way; false where it is not any more. The lock makes whoever takes the
 * upload away wait for a piece that is under way, so that none is left behind.
 */
export async function stagePiece(
  database: ByteWriter,
  { uploadNid, beginsAt, bytes }: Piece,
): Promise<boolean> {
  const staged = await database.put({
    name: 'media_stage_piece',
    sql: `WITH under_way AS (SELECT upload_nid FROM media_upload WHERE upload_nid = $1::int8 FOR KEY SHARE)
     INSERT INTO media_piece (upload_nid, begins_at, bytes)
     SELECT upload_nid, $2::int8, $3::bytea FROM under_way`,
    numbers: [uploadNid, beginsAt],
    bytes,
  });
  return staged > 0;
}

export interface Span {
  readonly uploadNid: number;
  readonly from: number;
  /** Behind its last byte. */
  readonly end: number;
}

/** PostgreSQL makes no more of a piece at once. */
const ROW_BYTES = 60 * 1024;

/** All bytes of the span in a place that is as long, which it answers; throws where some are missing. */
export const bytesIn = async (
  database: ByteReader,
  { uploadNid, from, end }: Span,
  into: Buffer,
): Promise<Buffer> => {
  const [nid, begin, behind] = [uploadNid, from, end].map(wholeNumber);
  await database.bytes(
    `SELECT substring(bytes FROM at::int4 FOR least(${ROW_BYTES}, upto + 1 - at)::int4)
     FROM (SELECT begins_at, bytes, greatest(${begin} - begins_at, 0) + 1 AS first,
         least(${behind} - begins_at, length(bytes)) AS upto
       FROM media_piece
       WHERE upload_nid = ${nid} AND begins_at < ${behind} AND begins_at >= (
         SELECT max(begins_at) FROM media_piece WHERE upload_nid = ${nid} AND begins_at <= ${begin})
     ) AS piece, generate_series(first, upto, ${ROW_BYTES}) AS at
     ORDER BY begins_at, at`,
    into,
  );
  return into;
};

/** As SQL, and nothing else. */
function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is no place in a file`);
  return `${value}::int8`;
}

/** Uploads that began at or before this position, and have not come to their end. */
export const uploadsUpTo = async (
  database: Database,
  position: number,
): Promise<readonly number[]> => {
  const rows = await database.query<{ uploadNid: number }>(
    'media_uploads_up_to',
    'SELECT upload_nid AS "uploadNid" FROM media_upload WHERE upload_nid <= $1 ORDER BY upload_nid',
    [position],
  );
  return rows.map(({ uploadNid }) => uploadNid);
};

/** Takes pieces of an upload away that has not come to its end. Answers how many. */
export async function dropPieces(
  database: Database,
  { uploadNid, limit }: { uploadNid: number; limit: number },
): Promise<number> {
  const gone = await database.query(
    'media_drop_pieces',
    `DELETE FROM media_piece WHERE upload_nid = $1 AND begins_at IN (
       SELECT begins_at FROM media_piece WHERE upload_nid = $1 ORDER BY begins_at LIMIT $2)
     RETURNING upload_nid`,
    [uploadNid, limit],
  );
  return gone.length;
}

/** From now on nothing is staged for it. */
export const forgetUpload = (database: Database, uploadNid: number) =>
  database.query('media_forget_upload', 'DELETE FROM media_upload WHERE upload_nid = $1', [
    uploadNid,
  ]);
