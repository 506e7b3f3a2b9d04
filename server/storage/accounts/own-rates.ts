import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** Both null where nothing was said. */
export interface StoredRate {
  readonly messagesPerSecond: number | null;
  readonly burstCount: number | null;
}

export async function storedRateOf(
  database: Database,
  userId: UserId,
): Promise<StoredRate | undefined> {
  const rows = await database.query<StoredRate>(
    'stored_rate_of',
    `SELECT messages_per_second AS "messagesPerSecond", burst_count AS "burstCount"
     FROM account WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

export const storedRateRow = (
  userId: UserId,
  { messagesPerSecond, burstCount }: StoredRate,
): Row => ({ write: PUT_RATE, values: [userId, messagesPerSecond, burstCount] });

const PUT_RATE: Write = {
  name: 'put_own_rate',
  table: 'account (rate)',
  sql: `UPDATE account SET messages_per_second = wanted.per_second, burst_count = wanted.burst
    FROM unnest($1::text[], $2::int8[], $3::int8[]) AS wanted (user_id, per_second, burst)
    WHERE account.user_id = wanted.user_id`,
  types: ['text', 'int8', 'int8'],
  key: ([userId]) => `${userId}`,
};
