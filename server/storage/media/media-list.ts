import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** A file as administrators see it. */
export interface ListedMedia {
  readonly mediaId: string;
  readonly userId: UserId;
  readonly createdMs: number;
  readonly lastAccessMs: number | null;
  readonly bytes: number;
  readonly contentType: string;
  readonly fileName: string | null;
  readonly sha256: Buffer;
  readonly quarantinedBy: UserId | null;
  readonly protected: boolean;
  readonly scannedMs: number | null;
  readonly scanFound: string | null;
}

const LISTED = `SELECT media_id AS "mediaId", user_id AS "userId", created_ms AS "createdMs",
    access.last_ms AS "lastAccessMs", bytes, content_type AS "contentType", file_name AS "fileName",
    sha256, quarantined_by AS "quarantinedBy", protected, scanned_ms AS "scannedMs", scan_found AS "scanFound"
  FROM media LEFT JOIN media_access AS access USING (media_id)`;

export async function listedMedia(
  database: Database,
  mediaId: string,
): Promise<ListedMedia | undefined> {
  const [row] = await database.query<ListedMedia>(
    'listed_media',
    `${LISTED} WHERE media_id = $1 AND upload_nid IS NOT NULL`,
    [mediaId],
  );
  return row;
}

/** By what a list may be ordered, and the expression for it. */
const ORDERS = {
  media_id: 'media_id',
  upload_name: 'file_name',
  created_ts: 'created_ms',
  last_access_ts: 'access.last_ms',
  media_length: 'bytes',
  media_type: 'content_type',
  quarantined_by: 'quarantined_by',
  safe_from_quarantine: 'protected',
} as const;

export type MediaOrder = keyof typeof ORDERS;
export const MEDIA_ORDERS = Object.keys(ORDERS) as [MediaOrder, ...MediaOrder[]];

export interface MediaPage {
  readonly userId: UserId;
  readonly order: MediaOrder;
  readonly isDescending: boolean;
  readonly from: number;
  readonly limit: number;
}

export const mediaOfUser = (database: Database, page: MediaPage) => {
  const direction = page.isDescending ? 'DESC NULLS LAST' : 'ASC NULLS LAST';
  return database.query<ListedMedia>(
    `media_of_user_${page.order}_${page.isDescending}`,
    `${LISTED} WHERE user_id = $1 AND upload_nid IS NOT NULL
     ORDER BY ${ORDERS[page.order]} ${direction}, media_id LIMIT $2 OFFSET $3`,
    [page.userId, page.limit, page.from],
  );
};

export async function countOfMedia(database: Database, userId: UserId): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'count_of_media',
    'SELECT count(*) FROM media WHERE user_id = $1 AND upload_nid IS NOT NULL',
    [userId],
  );
  return row!.count;
}
