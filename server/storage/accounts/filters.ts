import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export async function filterContent(
  database: Database,
  userId: UserId,
  filterId: string,
): Promise<string | undefined> {
  const rows = await database.query<{ content: string }>(
    'filter_content',
    'SELECT content FROM filter WHERE user_id = $1 AND filter_id = $2',
    [userId, filterId],
  );
  return rows[0]?.content;
}

export const filterRow = (userId: UserId, filterId: string, content: string): Row => ({
  write: PUT_FILTER,
  values: [userId, filterId, content],
});

/** Of a user who wants to be forgotten. */
export const filtersGoneRow = (userId: UserId): Row => ({
  write: DELETE_FILTERS,
  values: [userId],
});

const PUT_FILTER: Write = {
  name: 'put_filter',
  table: 'filter',
  sql: `INSERT INTO filter (user_id, filter_id, content)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (user_id, filter_id) DO NOTHING`,
  types: ['text', 'text', 'text'],
  key: ([userId, filterId]) => `${userId}\0${filterId}`,
};

const DELETE_FILTERS: Write = {
  name: 'delete_filters_of',
  table: 'filter (all of a user)',
  sql: 'DELETE FROM filter WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};
