import type { Database } from './database.ts';
import type { Row, Write } from './write.ts';

/** Up to where an outward queue has been sent; undefined for a queue that is new. */
export async function outwardPosition(
  database: Database,
  name: string,
): Promise<number | undefined> {
  const [cursor] = await database.query<{ position: number }>(
    'outward_position',
    'SELECT position FROM outward_cursor WHERE name = $1',
    [name],
  );
  return cursor?.position;
}

export const outwardPositionRow = (name: string, position: number): Row => ({
  write: PUT_OUTWARD_POSITION,
  values: [name, position],
});

const PUT_OUTWARD_POSITION: Write = {
  name: 'put_outward_position',
  table: 'outward_cursor',
  sql: `INSERT INTO outward_cursor (name, position) SELECT * FROM unnest($1::text[], $2::int8[])
        ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
  types: ['text', 'int8'],
  key: ([name]) => String(name),
};
