import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** A JSON array of stripped events; undefined where nothing was told, or somebody of this server came into the room since. */
export async function toldOutside(
  database: Database,
  roomNid: number,
  userId: UserId,
): Promise<string | undefined> {
  const [row] = await database.query<{ json: string }>(
    'told_outside',
    'SELECT json FROM told_outside WHERE room_nid = $1 AND user_id = $2',
    [roomNid, userId],
  );
  return row?.json;
}

export const toldOutsideRow = (told: { roomNid: number; userId: UserId; json: string }): Row => ({
  write: PUT_TOLD,
  values: [told.roomNid, told.userId, told.json],
});

export const nothingToldOutsideRow = (roomNid: number): Row => ({
  write: DELETE_TOLD,
  values: [roomNid],
});

const PUT_TOLD: Write = {
  name: 'put_told_outside',
  table: 'told_outside',
  sql: `INSERT INTO told_outside (room_nid, user_id, json)
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[])
    ON CONFLICT (room_nid, user_id) DO UPDATE SET json = excluded.json`,
  types: ['int8', 'text', 'text'],
  key: (values) => `${values[0]} ${values[1]}`,
};

const DELETE_TOLD: Write = {
  name: 'delete_told_outside',
  table: 'told_outside',
  sql: 'DELETE FROM told_outside WHERE room_nid = ANY ($1::int8[])',
  types: ['int8'],
  key: (values) => String(values[0]),
};
