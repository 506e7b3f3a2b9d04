import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** How much somebody has uploaded. */
export interface Uploader {
  readonly userId: UserId;
  readonly displayName: string | null;
  readonly count: number;
  readonly bytes: number;
}

const ORDERS = {
  user_id: 'user_id',
  displayname: '"displayName"',
  media_count: 'count',
  media_length: 'bytes',
} as const;

export type UploaderOrder = keyof typeof ORDERS;
export const UPLOADER_ORDERS = Object.keys(ORDERS) as [UploaderOrder, ...UploaderOrder[]];

export interface UploaderFilter {
  /** Of what was uploaded from then, and until then. */
  readonly fromMs: number;
  readonly untilMs: number | null;
  /** Somewhere in the user id or the display name; all with an empty one. */
  readonly text: string;
}

export interface UploaderPage extends UploaderFilter {
  readonly order: UploaderOrder;
  readonly isDescending: boolean;
  readonly from: number;
  readonly limit: number;
}

const FOUND = `SELECT user_id AS "userId", user_id, "displayName", count, bytes FROM (
    SELECT user_id, count(*) AS count, sum(bytes)::int8 AS bytes,
      (SELECT value::json #>> '{}' FROM profile_field AS f
        WHERE f.user_id = media.user_id AND f.field = 'displayname') AS "displayName"
    FROM media WHERE upload_nid IS NOT NULL AND created_ms >= $1
      AND ($2::int8 IS NULL OR created_ms <= $2) GROUP BY user_id) AS uploaders
  WHERE $3 = '' OR user_id ILIKE '%' || $3 || '%' OR "displayName" ILIKE '%' || $3 || '%'`;

const valuesOf = ({ fromMs, untilMs, text }: UploaderFilter) => [
  ...[fromMs, untilMs, text.replaceAll(/[\\%_]/g, '\\$&')],
];

export const uploaders = (database: Database, page: UploaderPage) => {
  const direction = page.isDescending ? 'DESC NULLS LAST' : 'ASC NULLS LAST';
  return database.query<Uploader>(
    `uploaders_${page.order}_${page.isDescending}`,
    `${FOUND} ORDER BY ${ORDERS[page.order]} ${direction}, user_id LIMIT $4 OFFSET $5`,
    [...valuesOf(page), page.limit, page.from],
  );
};

export async function countOfUploaders(
  database: Database,
  filter: UploaderFilter,
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'count_of_uploaders',
    `SELECT count(*) FROM (${FOUND}) AS found`,
    valuesOf(filter),
  );
  return row!.count;
}
