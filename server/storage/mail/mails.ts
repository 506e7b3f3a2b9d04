import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** An e-mail that was or will be sent. What stands in it is made when it is sent. */
export interface Mail {
  readonly id: string;
  /** An address, folded. */
  readonly recipient: string;
  readonly kind: string;
  /** JSON: what it tells of. No secrets. */
  readonly about: string;
  readonly createdMs: number;
  /** In vain so far. */
  readonly tries: number;
  readonly nextTryMs: number;
  /** When it was sent, or refused for good. */
  readonly doneMs: number | null;
  readonly expiresMs: number;
}

const SELECT = `SELECT id, recipient, kind, about, created_ms AS "createdMs", tries,
    next_try_ms AS "nextTryMs", done_ms AS "doneMs", expires_ms AS "expiresMs" FROM mail`;

/** Those that are to be sent, the most urgent first, also where their time has not come. */
export const waitingMails = (
  database: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
) =>
  database.query<Mail>(
    'waiting_mails',
    `${SELECT} WHERE done_ms IS NULL AND expires_ms > $1 ORDER BY next_try_ms LIMIT $2`,
    [nowMs, limit],
  );

interface Counted {
  readonly sinceMs: number;
  readonly count: number;
  /** Kinds that are not counted. */
  readonly but: readonly string[];
}

/** When the one was written that is the last but `count - 1` to somebody; undefined where there were fewer since. */
export async function mailsSince(
  database: Database,
  { recipient, sinceMs, count, but }: Counted & { readonly recipient: string },
): Promise<number | undefined> {
  const rows = await database.query<{ createdMs: number }>(
    'mails_since',
    `SELECT created_ms AS "createdMs" FROM mail
     WHERE recipient = $1 AND created_ms > $2 AND kind <> ALL ($4::text[])
     ORDER BY created_ms DESC OFFSET $3 LIMIT 1`,
    [recipient, sinceMs, count - 1, but],
  );
  return rows[0]?.createdMs;
}

/** When the one ends to count that was written last but `count - 1`, to anybody; undefined where fewer end behind `sinceMs`. */
export async function lastExpiry(
  database: Database,
  { sinceMs, count, but }: Counted,
): Promise<number | undefined> {
  const rows = await database.query<{ expiresMs: number }>(
    'mails_last_expiry',
    `SELECT expires_ms AS "expiresMs" FROM mail WHERE expires_ms > $1 AND kind <> ALL ($3::text[])
     ORDER BY expires_ms DESC OFFSET $2 LIMIT 1`,
    [sinceMs, count - 1, but],
  );
  return rows[0]?.expiresMs;
}

export const mailRow = (mail: Mail): Row => ({
  write: PUT_MAIL,
  values: [
    mail.id,
    mail.recipient,
    mail.kind,
    mail.about,
    mail.createdMs,
    mail.tries,
    mail.nextTryMs,
    mail.doneMs,
    mail.expiresMs,
  ],
});

const PUT_MAIL: Write = {
  name: 'put_mail',
  table: 'mail',
  sql: `INSERT INTO mail (id, recipient, kind, about, created_ms, tries, next_try_ms, done_ms,
      expires_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::int4[],
      $7::int8[], $8::int8[], $9::int8[])
    ON CONFLICT (id) DO UPDATE SET tries = excluded.tries, next_try_ms = excluded.next_try_ms,
      done_ms = excluded.done_ms`,
  types: ['text', 'text', 'text', 'text', 'int8', 'int4', 'int8', 'int8', 'int8'],
  key: ([id]) => `${id}`,
};
