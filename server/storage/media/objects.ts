import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import { CONTENT_COLUMNS, type Content } from './media.ts';
import type { PageOfIds } from './removal.ts';

/** Where files may lie. */
export type Store = 's3' | 'postgresql';

/** Of content: its number and what is in it, so two of them never share one. As SQL has it in `TAKE_MEDIA`. */
export const objectKeyOf = ({ uploadNid, sha256 }: Pick<Content, 'uploadNid' | 'sha256'>): string =>
  `${uploadNid}-${sha256.toString('hex')}`;

/** In the order of their ids: those whose content lies in that store. */
export const contentsInStore = (database: Database, store: Store, { after, limit }: PageOfIds) =>
  database.query<Content>(
    `contents_in_${store}`,
    `SELECT ${CONTENT_COLUMNS} FROM media WHERE ${LIES_IN[store]} AND media_id > $1 ORDER BY media_id LIMIT $2`,
    [after, limit],
  );

/** As the indices have it by which they are found. */
const LIES_IN: Readonly<Record<Store, string>> = {
  s3: 'object_key IS NOT NULL',
  postgresql: 'upload_nid IS NOT NULL AND object_key IS NULL',
};

export interface StoreUse {
  readonly files: number;
  readonly bytes: number;
}

/** What lies where. */
export async function useOfStores(database: Database): Promise<Readonly<Record<Store, StoreUse>>> {
  const rows = await database.query<StoreUse & { isObject: boolean }>(
    'media_use_of_stores',
    `SELECT object_key IS NOT NULL AS "isObject", count(*) AS files, sum(bytes)::int8 AS bytes
     FROM media WHERE upload_nid IS NOT NULL GROUP BY 1`,
  );
  const of = (isObject: boolean) => {
    const { files = 0, bytes = 0 } = rows.find((row) => row.isObject === isObject) ?? {};
    return { files, bytes };
  };
  return { postgresql: of(false), s3: of(true) };
}

/** Its bytes lie under the key, too, and are looked for there from now on; its pieces are to be taken away. */
export const toObjectRow = ({ mediaId, uploadNid, sha256 }: Content): Row => ({
  write: TO_OBJECT,
  values: [mediaId, uploadNid, objectKeyOf({ uploadNid, sha256 })],
});

/** Its bytes are the pieces of another number, too, and are looked for there from now on; its object is to be taken away. */
export const toPiecesRow = ({ mediaId, uploadNid }: Content, become: number): Row => ({
  write: TO_PIECES,
  values: [mediaId, uploadNid, become],
});

const TO_OBJECT: Write = {
  name: 'move_media_to_object',
  table: 'media',
  sql: `WITH moved AS (UPDATE media SET object_key = told.key
      FROM unnest($1::text[], $2::int8[], $3::text[]) AS told (id, nid, key)
      WHERE media_id = told.id AND upload_nid = told.nid AND object_key IS NULL RETURNING upload_nid, media_id)
    INSERT INTO media_gone (upload_nid, media_id) SELECT * FROM moved`,
  types: ['text', 'int8', 'text'],
  key: ([mediaId]) => `store of ${mediaId}`,
};

/** Its pieces of before may still be waiting to go: then the object goes along with them. */
const TO_PIECES: Write = {
  name: 'move_media_to_pieces',
  table: 'media',
  sql: `WITH found AS (SELECT media.media_id, upload_nid, object_key, become
      FROM unnest($1::text[], $2::int8[], $3::int8[]) AS told (id, nid, become)
        JOIN media ON media_id = told.id AND upload_nid = told.nid AND object_key IS NOT NULL),
    moved AS (UPDATE media SET upload_nid = found.become, object_key = NULL FROM found
      WHERE media.media_id = found.media_id)
    INSERT INTO media_gone (upload_nid, media_id, object_key) SELECT upload_nid, media_id, object_key FROM found
    ON CONFLICT (upload_nid) DO UPDATE SET object_key = excluded.object_key`,
  types: ['text', 'int8', 'int8'],
  key: ([mediaId]) => `store of ${mediaId}`,
};
