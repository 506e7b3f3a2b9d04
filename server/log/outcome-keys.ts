import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.ts';
import { OUTCOME_KEY_BYTES, outcomeKeysAfter } from '../storage/outcomes.ts';
import { KeyFilter } from './key-filter.ts';

export interface OutcomeKeysPorts {
  /** For what can wait: no repeat of anybody's should wait for it. */
  readonly pages: Database;
  /** Told why a page could not be read; it is tried again, and meanwhile all are looked up. */
  readonly onError: (error: unknown) => void;
  /** Keys that are read at once. */
  readonly page?: number;
  /** Keys of a filter, until there is another. */
  readonly filterMax?: number;
  /** Time that has passed, by no clock that jumps. */
  readonly nowMs?: () => number;
}

const PAGE = 4_096;
/** So long at least, and as long as the last page took: behind a takeover all wait for the database. */
const PAUSE_MS = 50;
const PAUSE_BEHIND_ERROR_MS = 2_000;

/** Of a hundred keys that were never added one is taken for one that was. */
const FILTER_MAX = 3_000_000;
/** 32 MiB. More is not worth it: the newest gets fuller then, and more is looked up. */
const FILTERS_MAX = 8;

/**
 * Which outcomes are surely not in the database, so that what nobody has asked before, which is nearly everything, is not looked
 * up there. It knows all that was there when this writer took over, as soon as that is read, and all that this writer was about to
 * write: whether it was written or not, for nobody knows that of a commit whose answer is lost. Nobody else writes any.
 */
export class OutcomeKeys {
  readonly #ports: OutcomeKeysPorts;
  readonly #filterMax: number;
  readonly #forgottenBehindMs: number;
  readonly #nowMs: () => number;
  readonly #end = new AbortController();
  #filters: readonly Aging[] = [{ filter: new KeyFilter(), fullAtMs: undefined }];
  #knowsAll = false;

  /** `keptMsMax`: what any outcome is kept. */
  constructor(ports: OutcomeKeysPorts, keptMsMax: number) {
    this.#ports = ports;
    // It is swept somewhat later than its time is over.
    this.#forgottenBehindMs = 2 * keptMsMax;
    this.#filterMax = ports.filterMax ?? FILTER_MAX;
    this.#nowMs = ports.nowMs ?? (() => performance.now());
  }

  /** Behind the takeover: what a writer of before left in the dark has come to light by then. Resolves when all are known. */
  async read(): Promise<void> {
    const { signal } = this.#end;
    const pause = (ms: number) => sleep(ms, undefined, { signal, ref: false });
    try {
      for (let last: Buffer | undefined; ; ) {
        const begun = this.#nowMs();
        const next = await this.#readPage(last);
        if (next?.isEnd) break;
        last = next?.last ?? last;
        await pause(next ? Math.max(PAUSE_MS, this.#nowMs() - begun) : PAUSE_BEHIND_ERROR_MS);
      }
      this.#knowsAll = true;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  close(): void {
    this.#end.abort();
  }

  lacks(key: Buffer): boolean {
    return this.#knowsAll && this.#filters.every(({ filter }) => filter.lacks(key));
  }

  /** Before it is written. */
  add(key: Buffer, at = 0): void {
    const newest = this.#filters.at(-1)!;
    newest.filter.add(key, at);
    if (newest.filter.count >= this.#filterMax) this.#addFilter(newest);
  }

  /** Undefined where it could not be read. */
  async #readPage(last: Buffer | undefined) {
    const { pages, page = PAGE, onError } = this.#ports;
    try {
      const { count, keys } = await outcomeKeysAfter(pages, last, page);
      for (let n = 0; n < count; n++) this.add(keys, n * OUTCOME_KEY_BYTES);
      return { isEnd: count < page, last: keys.subarray(-OUTCOME_KEY_BYTES) };
    } catch (error) {
      this.#end.signal.throwIfAborted();
      onError(error);
      return undefined;
    }
  }

  /** Where there is no room for another the newest goes on, and is asked again. */
  #addFilter(newest: Aging): void {
    const now = this.#nowMs();
    const isKept = ({ fullAtMs }: Aging) =>
      fullAtMs === undefined || now - fullAtMs < this.#forgottenBehindMs;
    const kept = this.#filters.filter(isKept);
    if (kept.length < FILTERS_MAX) {
      newest.fullAtMs = now;
      kept.push({ filter: new KeyFilter(), fullAtMs: undefined });
    }
    this.#filters = kept;
  }
}

interface Aging {
  readonly filter: KeyFilter;
  /** Since then nothing is added to it; undefined of the newest. */
  fullAtMs: number | undefined;
}
