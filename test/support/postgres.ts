import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { connectPool, type DatabasePool } from '../../server/storage/database.ts';

export const TEMPLATE = 'farol_template';

export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
  readonly database: DatabasePool;
}

/** A migrated, empty database for one test: `await using fresh = await freshDatabase()`. */
export const freshDatabase = (): Promise<FreshDatabase> => copyOf(TEMPLATE);

/** One without a schema, for what is done to schemas of before. */
export const emptyDatabase = (): Promise<FreshDatabase> => copyOf('template1');

async function copyOf(template: string): Promise<FreshDatabase> {
  const server = inject('postgresUrl');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = databaseUrl(server, name);
  const database = connectPool(url, { connectionsMax: 4, onError: () => {} });
  return {
    url,
    database,
    async [Symbol.asyncDispose]() {
      await database.end();
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** `new URL` refuses the empty host of a Unix socket, so the last part of the path is cut by hand. */
export const databaseUrl = (server: string, name: string): string =>
  `${server.slice(0, server.lastIndexOf('/'))}/${name}`;

async function administer(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
