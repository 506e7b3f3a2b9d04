import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.ts';
import { readHead } from '../storage/log.ts';
import { schemaTrouble } from '../storage/migrate.ts';

export interface DatabaseState {
  readonly database: 'primary' | 'standby' | 'unknown';
  /** Of the copy beside this server. */
  readonly epoch: number | null;
  readonly position: number | null;
  /** Why this server must not work on it. */
  readonly trouble?: string;
}

const UNKNOWN: DatabaseState = {
  database: 'unknown',
  epoch: null,
  position: null,
  trouble: 'the database beside this server does not answer',
};
const FRESH_MS = 3_000;
const PATIENCE_MS = 500;

/**
 * Asks the database beside this server what it is. One question at a time, and none is ever
 * cancelled: a database that does not answer is unknown until it does.
 */
export class DatabaseProbe {
  readonly #database: Database;
  readonly #nowMs: () => number;
  #last: { state: DatabaseState; atMs: number } | undefined;
  #asking: Promise<void> | undefined;

  constructor(database: Database, nowMs = () => performance.now()) {
    this.#database = database;
    this.#nowMs = nowMs;
  }

  /** Waits a little for an answer, and else says what it was lately. */
  async state(patienceMs = PATIENCE_MS): Promise<DatabaseState> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await Promise.race([this.#asking, sleep(patienceMs, undefined, { ref: false })]);
    const last = this.#last;
    return last && this.#nowMs() - last.atMs < FRESH_MS ? last.state : UNKNOWN;
  }

  async #ask(): Promise<void> {
    const atMs = this.#nowMs();
    try {
      this.#last = { state: await this.#read(), atMs };
    } catch {
      this.#last = undefined;
    }
  }

  async #read(): Promise<DatabaseState> {
    const [row] = await this.#database.query<{ standby: boolean; schema: boolean }>(
      'probe',
      `SELECT pg_is_in_recovery() AS standby, to_regclass('log_head') IS NOT NULL AS schema`,
    );
    const database = row?.standby ? 'standby' : 'primary';
    if (!row?.schema) return { database, epoch: null, position: null };
    const trouble = await schemaTrouble(this.#database);
    return { database, ...(await readHead(this.#database)), ...(trouble && { trouble }) };
  }
}
