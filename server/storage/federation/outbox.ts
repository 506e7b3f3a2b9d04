import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** One EDU, as it goes over the wire: canonical JSON. */
export interface Posted {
  readonly key: string;
  readonly position: number;
  readonly json: string;
}

/** Under which it lies there that the devices of a user changed. All else are messages to devices. */
export const devicesKey = (userId: UserId): string => `devices of ${userId}`;

/** That their cross-signing keys did. */
export const signingKeysKey = (userId: UserId): string => `${devicesKey(userId)} (signing keys)`;

/** For whom something lies there. */
export async function serversWithPost(database: Database): Promise<ServerName[]> {
  const rows = await database.query<{ serverName: ServerName }>(
    'servers_with_post',
    'SELECT DISTINCT server_name AS "serverName" FROM federation_outbox',
  );
  return rows.map(({ serverName }) => serverName);
}

export const postFor = (
  database: Database,
  server: ServerName,
  { after, limit }: { after: number; limit: number },
) =>
  database.query<Posted>(
    'post_for',
    `SELECT key, position, json FROM federation_outbox
     WHERE server_name = $1 AND position > $2 ORDER BY position LIMIT $3`,
    [server, after, limit],
  );

/** What has the same key is replaced. */
export const postRow = (server: ServerName, { key, position, json }: Posted): Row => ({
  write: PUT_POST,
  values: [server, key, position, json],
});

/** Not what came in its place. */
export const noPostRow = (server: ServerName, { key, position }: Omit<Posted, 'json'>): Row => ({
  write: DELETE_POST,
  values: [server, key, position],
});

/** Messages to devices up to a position, which nobody will take any more. */
export const noLettersRow = (server: ServerName, position: number): Row => ({
  write: DELETE_LETTERS,
  values: [server, position],
});

/** Whose devices changed last in (after, upTo]. */
export async function deviceListsChangedBetween(
  database: Database,
  { after, upTo }: { after: number; upTo: number },
): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'device_lists_changed_between',
    'SELECT user_id AS "userId" FROM device_list WHERE position > $1 AND position <= $2',
    [after, upTo],
  );
  return rows.map(({ userId }) => userId);
}

const PUT_POST: Write = {
  name: 'put_federation_post',
  table: 'federation_outbox',
  sql: `INSERT INTO federation_outbox (server_name, key, position, json)
    SELECT * FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[])
    ON CONFLICT (server_name, key) DO UPDATE SET position = excluded.position, json = excluded.json`,
  types: ['text', 'text', 'int8', 'text'],
  key: ([server, key]) => `${server} ${key}`,
};

const DELETE_POST: Write = {
  name: 'delete_federation_post',
  table: 'federation_outbox (up to a position)',
  sql: `DELETE FROM federation_outbox AS kept
    USING unnest($1::text[], $2::text[], $3::int8[]) AS gone (server_name, key, position)
    WHERE kept.server_name = gone.server_name AND kept.key = gone.key
      AND kept.position <= gone.position`,
  types: ['text', 'text', 'int8'],
};

const DELETE_LETTERS: Write = {
  name: 'delete_federation_letters',
  table: 'federation_outbox (messages to devices)',
  sql: `DELETE FROM federation_outbox AS kept
    USING unnest($1::text[], $2::int8[]) AS gone (server_name, position)
    WHERE kept.server_name = gone.server_name AND kept.position <= gone.position
      AND NOT starts_with(kept.key, '${devicesKey('' as UserId)}')`,
  types: ['text', 'int8'],
};
