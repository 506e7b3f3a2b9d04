import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** What somebody wants to do with an address that is theirs, for which alone its validation holds. */
export type ValidationPurpose = 'register' | 'add' | 'reset';

export interface Validation {
  readonly sid: string;
  /** A hash of purpose, client secret and address. */
  readonly askedFor: Buffer;
  readonly secretHash: Buffer;
  readonly purpose: ValidationPurpose;
  /** Folded. */
  readonly address: string;
  /** The last one for which something was sent. */
  readonly sendAttempt: number;
  readonly nextLink: string | null;
  /** Null while it is not known that the address is theirs. */
  readonly validatedMs: number | null;
  readonly expiresMs: number;
}

const SELECT = `SELECT sid, asked_for AS "askedFor", secret_hash AS "secretHash", purpose, address,
    send_attempt AS "sendAttempt", next_link AS "nextLink", validated_ms AS "validatedMs",
    expires_ms AS "expiresMs" FROM validation`;

export async function validation(
  database: Database,
  sid: string,
  nowMs: number,
): Promise<Validation | undefined> {
  const sql = `${SELECT} WHERE sid = $1 AND expires_ms > $2`;
  return (await database.query<Validation>('validation', sql, [sid, nowMs]))[0];
}

export async function validationAskedFor(
  database: Database,
  askedFor: Buffer,
  nowMs: number,
): Promise<Validation | undefined> {
  const sql = `${SELECT} WHERE asked_for = $1 AND expires_ms > $2`;
  return (await database.query<Validation>('validation_asked_for', sql, [askedFor, nowMs]))[0];
}

export const validationRow = (given: Validation): Row => ({
  write: PUT_VALIDATION,
  values: [
    given.sid,
    given.askedFor,
    given.secretHash,
    given.purpose,
    given.address,
    given.sendAttempt,
    given.nextLink,
    given.validatedMs,
    given.expiresMs,
  ],
});

export const validationGoneRow = (sid: string): Row => ({
  write: DELETE_VALIDATION,
  values: [sid],
});

const key = ([sid]: Row['values']) => `${sid}`;

const PUT_VALIDATION: Write = {
  name: 'put_validation',
  table: 'validation',
  sql: `INSERT INTO validation (sid, asked_for, secret_hash, purpose, address, send_attempt,
      next_link, validated_ms, expires_ms)
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::int8[],
      $7::text[], $8::int8[], $9::int8[])
    ON CONFLICT (sid) DO UPDATE SET send_attempt = excluded.send_attempt,
      next_link = excluded.next_link, validated_ms = excluded.validated_ms,
      expires_ms = excluded.expires_ms`,
  types: ['text', 'bytea', 'bytea', 'text', 'text', 'int8', 'text', 'int8', 'int8'],
  key,
};

const DELETE_VALIDATION: Write = {
  name: 'delete_validation',
  table: 'validation',
  sql: 'DELETE FROM validation WHERE sid = ANY ($1::text[])',
  types: ['text'],
  key,
};
