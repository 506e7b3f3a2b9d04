import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.ts';
import { OUTCOME_KEY_BYTES, outcomeKeysAfter } from '../storage/outcomes.ts';
import { KeyFilter } from './key-filter.ts';

export interface OutcomeKeysPorts {
  readonly database: Database;
  /** Told why it could not be read which there are; all are looked up then. */
  readonly onError: (error: unknown) => void;
  /** Keys that are read at once. */
  readonly page?: number;
}

/** Some 10 ms of PostgreSQL. */
const PAGE = 8_192;
/** What waits for the database goes between: behind a takeover that is much. */
const PAUSE_MS = 50;

/**
 * Which outcomes are surely not in the database, so that what nobody has asked before, which is nearly everything, is not looked
 * up there. It knows all that was there when this writer took over, as soon as that is read, and all that this writer was about to
 * write: whether it was written or not, for nobody knows that of a commit whose answer is lost. Nobody else writes any.
 */
export class OutcomeKeys {
  readonly #ports: OutcomeKeysPorts;
  readonly #filter = new KeyFilter();
  readonly #end = new AbortController();
  #knowsAll = false;

  constructor(ports: OutcomeKeysPorts) {
    this.#ports = ports;
  }

  /** Behind the takeover: what a writer of before left in the dark has come to light by then. Resolves when all are known. */
  async read(): Promise<void> {
    try {
      await this.#readAll();
      this.#knowsAll = true;
    } catch (error) {
      if (!this.#end.signal.aborted) this.#ports.onError(error);
    }
  }

  close(): void {
    this.#end.abort();
  }

  lacks(key: Buffer): boolean {
    return this.#knowsAll && this.#filter.lacks(key);
  }

  /** Before it is written. */
  add(key: Buffer): void {
    this.#filter.add(key);
  }

  async #readAll(): Promise<void> {
    const { database, page = PAGE } = this.#ports;
    for (let last: Buffer | undefined; ; ) {
      const keys = await outcomeKeysAfter(database, last, page);
      for (let at = 0; at < keys.length; at += OUTCOME_KEY_BYTES) this.#filter.add(keys, at);
      if (keys.length < page * OUTCOME_KEY_BYTES) return;
      last = keys.subarray(-OUTCOME_KEY_BYTES);
      await sleep(PAUSE_MS, undefined, { signal: this.#end.signal, ref: false });
    }
  }
}
