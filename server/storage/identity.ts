import type { Database } from './database.ts';
import type { Write } from './write.ts';

export interface StoredIdentity {
  readonly serverName: string;
  readonly sealed: Buffer;
}

export async function readIdentity(database: Database): Promise<StoredIdentity | undefined> {
  const [identity] = await database.query<StoredIdentity>(
    'identity_read',
    'SELECT server_name AS "serverName", sealed FROM server_identity',
  );
  return identity;
}

/** The same identity, sealed with another secret. */
export const RESEAL_IDENTITY: Write = {
  name: 'identity_reseal',
  table: 'server_identity',
  sql: `UPDATE server_identity SET sealed = told.sealed
        FROM unnest($1::text[], $2::bytea[]) AS told (server_name, sealed)
        WHERE server_identity.server_name = told.server_name`,
  types: ['text', 'bytea'],
};

/** Fails where there is one: an identity is never replaced. */
export const PUT_IDENTITY: Write = {
  name: 'identity_put',
  table: 'server_identity',
  sql: `INSERT INTO server_identity (server_name, sealed)
        SELECT * FROM unnest($1::text[], $2::bytea[])`,
  types: ['text', 'bytea'],
};
