import type { Database } from '../storage/database.ts';

export interface DatabaseState {
  readonly database: 'primary' | 'standby' | 'unknown';
  /** Of the copy beside this server. */
  readonly epoch: number | null;
  readonly position: number | null;
}

const UNKNOWN: DatabaseState = { database: 'unknown', epoch: null, position: null };
const FRESH_MS = 3_000;

/**
 * Asks the database beside this server what it is. One question at a time, and none is ever
 * cancelled: a database that does not answer is unknown until it does.
 */
export class DatabaseProbe {
  readonly #database: Database;
  readonly #nowMs: () => number;
  #last: { state: DatabaseState; atMs: number } | undefined;
  #asking = false;

  constructor(database: Database, nowMs = () => performance.now()) {
    this.#database = database;
    this.#nowMs = nowMs;
  }

  /** What is known now; asks again for the next time. */
  state(): DatabaseState {
    void this.ask();
    const last = this.#last;
    return last && this.#nowMs() - last.atMs < FRESH_MS ? last.state : UNKNOWN;
  }

  async ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const atMs = this.#nowMs();
    try {
      this.#last = { state: await this.#read(), atMs };
    } catch {
      this.#last = undefined;
    } finally {
      this.#asking = false;
    }
  }

  async #read(): Promise<DatabaseState> {
    const [row] = await this.#database.query<{ standby: boolean; schema: boolean }>(
      'probe',
      `SELECT pg_is_in_recovery() AS standby, to_regclass('log_head') IS NOT NULL AS schema`,
    );
    const [head] = row?.schema
      ? await this.#database.query<{ epoch: number; position: number }>(
          'probe_head',
          'SELECT epoch, position FROM log_head',
        )
      : [];
    return {
      database: row?.standby ? 'standby' : 'primary',
      epoch: head?.epoch ?? null,
      position: head?.position ?? null,
    };
  }
}
