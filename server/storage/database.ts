import pg from 'pg';
import type { Value } from './write.ts';

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

export interface DatabasePool extends Database {
  readonly url: string;
  end(): Promise<void>;
}

/** Positions and ids are below 2^53 for some thousand years of writing. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

/** No statement timeout anywhere: the driver would cancel, and a cancelled COMMIT reads as done (D3.2). */
export function connectPool(
  url: string,
  options: { connectionsMax: number; onError: (error: Error) => void },
): DatabasePool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'farol-reader',
    max: options.connectionsMax,
    types: TYPES,
    keepAlive: true,
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
      const result = await pool.query<R & pg.QueryResultRow>({
        name,
        text: sql,
        values: [...values],
      });
      return result.rows;
    },
    end() {
      ending = true;
      return pool.end();
    },
  };
}
