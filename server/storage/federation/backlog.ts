import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Value, Write } from '../write.ts';

/** The server lacks events of the room behind this position. */
export interface Lack {
  readonly roomNid: number;
  readonly after: number;
}

/** Those who lack anything. */
export async function serversBehind(database: Database): Promise<ServerName[]> {
  const rows = await database.query<{ serverName: ServerName }>(
    'servers_behind',
    'SELECT DISTINCT server_name AS "serverName" FROM federation_backlog',
  );
  return rows.map(({ serverName }) => serverName);
}

/** What one lacks, the oldest first, but of these rooms. */
export const lacksOf = (
  database: Database,
  server: ServerName,
  { limit, except }: { limit: number; except: readonly number[] },
) =>
  database.query<Lack>(
    'lacks_of',
    `SELECT room_nid AS "roomNid", after_position AS after FROM federation_backlog
     WHERE server_name = $1 AND NOT room_nid = ANY ($3::int8[])
     ORDER BY after_position, room_nid LIMIT $2`,
    [server, limit, except],
  );

/** Where the server lacks something of the room already, that stays as it is. */
export const lackRow = (server: ServerName, { roomNid, after }: Lack): Row => ({
  write: NOTE_LACK,
  values: [server, roomNid, after],
});

export const changedLackRow = (server: ServerName, { roomNid, after }: Lack): Row => ({
  write: SET_LACK,
  values: [server, roomNid, after],
});

export const noLackRow = (server: ServerName, roomNid: number): Row => ({
  write: DELETE_LACK,
  values: [server, roomNid],
});

const key = ([server, roomNid]: readonly Value[]): string => `${server} ${roomNid}`;
const [table, types] = ['federation_backlog', ['text', 'int8', 'int8'] as const];

const insert = (onConflict: string): string =>
  `INSERT INTO federation_backlog (server_name, room_nid, after_position)
   SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[])
   ON CONFLICT (server_name, room_nid) DO ${onConflict}`;

const NOTE_LACK: Write = { name: 'note_lack', table, types, key, sql: insert('NOTHING') };

const SET_LACK: Write = {
  ...{ name: 'set_lack', table, types, key },
  sql: insert('UPDATE SET after_position = excluded.after_position'),
};

const DELETE_LACK: Write = {
  ...{ name: 'delete_lack', table, key },
  sql: `DELETE FROM federation_backlog USING unnest($1::text[], $2::int8[]) AS gone (server_name, room_nid)
    WHERE federation_backlog.server_name = gone.server_name AND federation_backlog.room_nid = gone.room_nid`,
  types: ['text', 'int8'],
};
