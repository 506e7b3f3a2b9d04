import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';
import type { UpstreamIdentity } from './upstream-identities.ts';

/** A login at a provider; `sid` is the provider's name of it, if it has one. */
export interface UpstreamSession extends UpstreamIdentity {
  readonly sid: string | null;
}

/** Of which logins a provider speaks: all of a person, or one. */
export type UpstreamEnd = { readonly issuer: string; readonly sid: string | undefined } & (
  | { readonly subject: string }
  | { readonly subject: undefined; readonly sid: string }
);

export interface SignedInDevice extends UpstreamSession {
  readonly userId: UserId;
  readonly deviceId: string;
}

/** A login whose name is not known may be the one that is meant. */
export async function devicesSignedInBy(
  database: Database,
  end: UpstreamEnd,
): Promise<readonly SignedInDevice[]> {
  const [name, column, value] =
    end.subject === undefined
      ? (['devices_of_sid', 'sid', end.sid] as const)
      : (['devices_of_subject', 'subject', end.subject] as const);
  const rows = await database.query<SignedInDevice>(
    name,
    `SELECT user_id AS "userId", device_id AS "deviceId", issuer, subject, sid
     FROM upstream_session WHERE issuer = $1 AND ${column} = $2`,
    [end.issuer, value],
  );
  return rows.filter((row) => isMeant(row, end));
}

/** By which the device came in; undefined where it did by anything else. */
export async function upstreamSessionOf(
  database: Database,
  userId: UserId,
  deviceId: string,
): Promise<UpstreamSession | undefined> {
  const [session] = await database.query<UpstreamSession>(
    'upstream_session_of',
    'SELECT issuer, subject, sid FROM upstream_session WHERE user_id = $1 AND device_id = $2',
    [userId, deviceId],
  );
  return session;
}

export const isMeant = (session: UpstreamSession, { issuer, subject, sid }: UpstreamEnd): boolean =>
  session.issuer === issuer &&
  (subject === undefined || session.subject === subject) &&
  (sid === undefined || session.sid === sid || (session.sid === null && subject !== undefined));

export const upstreamSessionRow = (
  { userId, deviceId }: { userId: UserId; deviceId: string },
  { issuer, subject, sid }: UpstreamSession,
): Row => ({ write: PUT_SESSION, values: [userId, deviceId, issuer, subject, sid] });

export const upstreamSessionGoneRow = (userId: UserId, deviceId: string): Row => ({
  write: DELETE_SESSION,
  values: [userId, deviceId],
});

const byDevice: NonNullable<Write['key']> = ([userId, deviceId]) => `${userId}\0${deviceId}`;

const PUT_SESSION: Write = {
  name: 'put_upstream_session',
  table: 'upstream_session',
  sql: `INSERT INTO upstream_session (user_id, device_id, issuer, subject, sid)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    ON CONFLICT (user_id, device_id) DO UPDATE
      SET issuer = excluded.issuer, subject = excluded.subject, sid = excluded.sid`,
  types: ['text', 'text', 'text', 'text', 'text'],
  key: byDevice,
};

const DELETE_SESSION: Write = {
  name: 'delete_upstream_session',
  table: 'upstream_session',
  sql: `DELETE FROM upstream_session USING unnest($1::text[], $2::text[]) AS gone (user_id, device_id)
    WHERE upstream_session.user_id = gone.user_id AND upstream_session.device_id = gone.device_id`,
  types: ['text', 'text'],
  key: byDevice,
};
