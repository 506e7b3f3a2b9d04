import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Value, Write } from '../write.ts';

export interface StoredDestination {
  readonly serverName: ServerName;
  readonly failures: number;
  readonly retryAtMs: number;
  readonly activeMs: number;
  /** 0 for whoever answered last, and where it is not known. */
  readonly failingSinceMs: number;
}

const SELECT = `SELECT server_name AS "serverName", failures, retry_at_ms AS "retryAtMs",
    active_ms AS "activeMs", failing_since_ms AS "failingSinceMs" FROM federation_destination`;

/** Those that did not answer last. */
export const failingDestinations = (database: Database) =>
  database.query<StoredDestination>('failing_destinations', `${SELECT} WHERE failures > 0`);

/** Those that we ever had to do with, the last first. */
export const activeDestinations = (database: Database, limit: number) =>
  database.query<StoredDestination>(
    'active_destinations',
    `${SELECT} WHERE active_ms > 0 ORDER BY active_ms DESC LIMIT $1`,
    [limit],
  );

export const destinationRow = (each: StoredDestination): Row => ({
  write: PUT_DESTINATION,
  values: [each.serverName, each.failures, each.retryAtMs, each.activeMs, each.failingSinceMs],
});

export const destinationGoneRow = (server: ServerName): Row => ({
  write: DELETE_DESTINATION,
  values: [server],
});

const table = 'federation_destination';
const key = ([server]: readonly Value[]): string => String(server);

const PUT_DESTINATION: Write = {
  name: 'put_destination',
  table,
  sql: `INSERT INTO federation_destination (server_name, failures, retry_at_ms, active_ms, failing_since_ms)
    SELECT * FROM unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[])
    ON CONFLICT (server_name) DO UPDATE SET failures = excluded.failures,
      retry_at_ms = excluded.retry_at_ms, failing_since_ms = excluded.failing_since_ms,
      active_ms = greatest(federation_destination.active_ms, excluded.active_ms)`,
  types: ['text', 'int4', 'int8', 'int8', 'int8'],
  key,
};

const DELETE_DESTINATION: Write = {
  name: 'delete_destination',
  table,
  sql: `DELETE FROM federation_destination USING unnest($1::text[]) AS gone (server_name)
    WHERE federation_destination.server_name = gone.server_name`,
  types: ['text'],
  key,
};
