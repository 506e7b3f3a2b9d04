import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface ThirdPartyId {
  readonly medium: 'email';
  /** Folded. */
  readonly address: string;
  readonly userId: UserId;
  readonly validatedMs: number;
  readonly addedMs: number;
}

const SELECT = `SELECT medium, address, user_id AS "userId", validated_ms AS "validatedMs",
    added_ms AS "addedMs" FROM third_party_id`;

export async function thirdPartyId(
  database: Database,
  { medium, address }: Pick<ThirdPartyId, 'medium' | 'address'>,
): Promise<ThirdPartyId | undefined> {
  const sql = `${SELECT} WHERE medium = $1 AND address = $2`;
  return (await database.query<ThirdPartyId>('third_party_id', sql, [medium, address]))[0];
}

export const thirdPartyIdsOf = (database: Database, userId: UserId) =>
  database.query<ThirdPartyId>(
    'third_party_ids_of',
    `${SELECT} WHERE user_id = $1 ORDER BY added_ms, address`,
    [userId],
  );

export const thirdPartyIdRow = (id: ThirdPartyId): Row => ({
  write: PUT_THIRD_PARTY_ID,
  values: [id.medium, id.address, id.userId, id.validatedMs, id.addedMs],
});

export const thirdPartyIdGoneRow = ({
  medium,
  address,
}: Pick<ThirdPartyId, 'medium' | 'address'>): Row => ({
  write: DELETE_THIRD_PARTY_ID,
  values: [medium, address],
});

export const thirdPartyIdsGoneRow = (userId: UserId): Row => ({
  write: DELETE_THIRD_PARTY_IDS,
  values: [userId],
});

const keyOf = ([medium, address]: Row['values']) => `${medium} ${address}`;

const PUT_THIRD_PARTY_ID: Write = {
  name: 'put_third_party_id',
  table: 'third_party_id',
  sql: `INSERT INTO third_party_id (medium, address, user_id, validated_ms, added_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[])
    ON CONFLICT (medium, address) DO UPDATE SET user_id = excluded.user_id,
      validated_ms = excluded.validated_ms, added_ms = excluded.added_ms`,
  types: ['text', 'text', 'text', 'int8', 'int8'],
  key: keyOf,
};

const DELETE_THIRD_PARTY_ID: Write = {
  name: 'delete_third_party_id',
  table: 'third_party_id',
  sql: `DELETE FROM third_party_id USING unnest($1::text[], $2::text[]) AS gone (medium, address)
    WHERE third_party_id.medium = gone.medium AND third_party_id.address = gone.address`,
  types: ['text', 'text'],
  key: keyOf,
};

const DELETE_THIRD_PARTY_IDS: Write = {
  name: 'delete_third_party_ids',
  table: 'third_party_id (all of a user)',
  sql: 'DELETE FROM third_party_id WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};
