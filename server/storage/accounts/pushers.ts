import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface Pusher {
  readonly userId: UserId;
  readonly appId: string;
  readonly pushkey: string;
  readonly deviceId: string;
  /** JSON: as the client gave it. */
  readonly content: string;
}

const SELECT = `SELECT user_id AS "userId", app_id AS "appId", pushkey, device_id AS "deviceId",
  content FROM pusher`;

export const pushersOf = (database: Database, userId: UserId) =>
  database.query<Pusher>('pushers_of', `${SELECT} WHERE user_id = $1 ORDER BY app_id, pushkey`, [
    userId,
  ]);

/** Of all users: one app on one phone, to which several people may have logged in. */
export const pushersAt = (database: Database, appId: string, pushkey: string) =>
  database.query<Pusher>('pushers_at', `${SELECT} WHERE app_id = $1 AND pushkey = $2`, [
    appId,
    pushkey,
  ]);

export const pusherRow = (pusher: Pusher): Row => ({
  write: PUT_PUSHER,
  values: [pusher.userId, pusher.appId, pusher.pushkey, pusher.deviceId, pusher.content],
});

export const pusherGoneRow = ({
  userId,
  appId,
  pushkey,
}: Pick<Pusher, 'userId' | 'appId' | 'pushkey'>): Row => ({
  write: DELETE_PUSHER,
  values: [userId, appId, pushkey],
});

const byPusher: NonNullable<Write['key']> = ([userId, appId, pushkey]) =>
  `${userId}\0${appId}\0${pushkey}`;

const PUT_PUSHER: Write = {
  name: 'put_pusher',
  table: 'pusher',
  sql: `INSERT INTO pusher (user_id, app_id, pushkey, device_id, content)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    ON CONFLICT (user_id, app_id, pushkey)
      DO UPDATE SET device_id = excluded.device_id, content = excluded.content`,
  types: ['text', 'text', 'text', 'text', 'text'],
  key: byPusher,
};

const DELETE_PUSHER: Write = {
  name: 'delete_pusher',
  table: 'pusher',
  sql: `DELETE FROM pusher
    USING unnest($1::text[], $2::text[], $3::text[]) AS gone (user_id, app_id, pushkey)
    WHERE pusher.user_id = gone.user_id AND pusher.app_id = gone.app_id
      AND pusher.pushkey = gone.pushkey`,
  types: ['text', 'text', 'text'],
  key: byPusher,
};
