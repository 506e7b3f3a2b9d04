import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface Erasure {
  readonly userId: UserId;
  readonly position: number;
}

export const erasuresOf = (database: Database, userIds: readonly UserId[]) =>
  database.query<Erasure>(
    'erasures_of',
    'SELECT user_id AS "userId", position FROM erasure WHERE user_id = ANY ($1::text[])',
    [userIds],
  );

/** Where the first of all stands. */
export async function firstErasure(database: Database): Promise<number | undefined> {
  const [first] = await database.query<{ position: number | null }>(
    'first_erasure',
    'SELECT min(position) AS position FROM erasure',
  );
  return first?.position ?? undefined;
}

export const erasureRow = ({ userId, position }: Erasure): Row => ({
  write: PUT_ERASURE,
  values: [userId, position],
});

const PUT_ERASURE: Write = {
  name: 'put_erasure',
  table: 'erasure',
  sql: `INSERT INTO erasure (user_id, position) SELECT * FROM unnest($1::text[], $2::int8[])
    ON CONFLICT (user_id) DO NOTHING`,
  types: ['text', 'int8'],
  key: ([userId]) => `${userId}`,
};
