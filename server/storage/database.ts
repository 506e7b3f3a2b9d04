import { Socket } from 'node:net';
import pg from 'pg';
import { BinaryCopy, NotThoseBytes } from './binary-copy.ts';
import { BytePut, type BytePutStatement } from './byte-put.ts';
import { InPlaceSocket } from './in-place-socket.ts';
import { BULK_SETTINGS, READER_SETTINGS } from './session-settings.ts';
import type { Value } from './write.ts';

export { NotThoseBytes };

export type Parameter = Value | readonly Value[];

/** What reads need of PostgreSQL. All writes go through the log. */
export interface Database {
  /** `name` names the prepared statement and must be unique in the program; int8 arrives as number. */
  query<R extends object>(
    name: string,
    sql: string,
    values?: readonly Parameter[],
  ): Promise<readonly R[]>;
}

export interface ByteReader {
  /**
   * All rows of a query, a `bytea` each, one behind the other; they fill `into`, or it throws `NotThoseBytes`. It takes no
   * parameters: only what the program says, and numbers. Where it throws, nobody knows what comes into that place yet.
   */
  bytes(select: string, into: Buffer): Promise<void>;
}

export interface ByteWriter {
  /** Answers how many rows it wrote; the bytes are not copied, and must stay until then. */
  put(statement: BytePutStatement): Promise<number>;
}

export interface DatabasePool extends Database, ByteReader, ByteWriter {
  readonly url: string;
  end(): Promise<void>;
}

/** The connection was lost, or the database is not there: nobody knows what is so. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** Positions and ids are below 2^53 for some thousand years of writing. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

export interface SessionKind {
  readonly application: string;
  readonly settings: string;
}

const READING: SessionKind = { application: 'farol-reader', settings: READER_SETTINGS };

/** What a new writer ends, with the writers before it. */
export const BULK_APPLICATION = 'farol-bulk';
/** For what is staged beside the log: its commits wait for the standby, which paces them. */
export const STAGING: SessionKind = { application: BULK_APPLICATION, settings: BULK_SETTINGS };

/** Until there is a free connection; a statement has no time limit, unless its pool has one. */
const CONNECT_MS_MAX = 20_000;

/** No statement timeout in the driver: it would cancel, and a cancelled COMMIT reads as done (D3.2). */
export function connectPool(
  url: string,
  options: {
    connectionsMax: number;
    onError: (error: Error) => void;
    /** Of a statement; only for a pool that does nothing but read. */
    statementMsMax?: number;
    session?: SessionKind;
  },
): DatabasePool {
  const { application, settings } = options.session ?? READING;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: application,
    max: options.connectionsMax,
    types: TYPES,
    keepAlive: true,
    stream: streamFor,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    options: options.statementMsMax
      ? `${settings} -c statement_timeout=${options.statementMsMax}`
      : settings,
  });
  let ending = false;
  pool.on('error', (error) => {
    if (!ending) options.onError(error);
  });
  return {
    url,
    async query<R extends object>(
      name: string,
      sql: string,
      values: readonly Parameter[] = [],
    ): Promise<readonly R[]> {
      const query = { name, text: sql, values: [...values] };
      const result = await pool.query<R & pg.QueryResultRow>(query).catch(rethrown);
      return result.rows;
    },
    bytes: (select, into) =>
      onOne(pool, (client) => client.query(new BinaryCopy(select, into)).done),
    put: (statement) => onOne(pool, (client) => client.query(new BytePut(statement)).rows),
    end() {
      ending = true;
      return pool.end();
    },
  };
}

/** A connection that has failed is not used again. */
async function onOne<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch(rethrown);
  try {
    const done = await work(client);
    client.release();
    return done;
  } catch (error) {
    client.release(true);
    return rethrown(error);
  }
}

/** What comes by TLS is decrypted by another stream, upon one that is none of ours. */
const streamFor = ({ ssl }: { readonly ssl?: unknown } = {}) =>
  ssl ? new Socket() : new InPlaceSocket();

/** The time limit of its pool ended it. */
export const tookTooLong = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '57014';

function rethrown(error: unknown): never {
  if (isAnswer(error) || error instanceof NotThoseBytes) throw error;
  throw new DatabaseUnavailable('The database does not answer', { cause: error });
}

/** Errors of the database itself, but for those with which it shuts its door (57P0x, 08xxx). */
const isAnswer = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && !/^(57P0|08)/.test(error.code ?? '');
