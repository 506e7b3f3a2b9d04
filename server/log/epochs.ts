import type { Database } from '../storage/database.ts';
import { readEpochs, type StoredEpoch } from '../storage/log.ts';
import type { LogReader } from './log.ts';

/** All takeovers there were. Grows by a row each, so it is kept in memory whole. */
export class EpochHistory {
  readonly #ends = new Map<number, number>();
  readonly #log: LogReader;

  constructor(epochs: readonly StoredEpoch[], log: LogReader) {
    this.#log = log;
    epochs.forEach(({ epoch }, index) => {
      const next = epochs[index + 1];
      if (next) this.#ends.set(epoch, next.beginsAfter);
    });
  }

  /** Behind the takeover: an epoch that is not confirmed is none. */
  static async load(database: Database, log: LogReader): Promise<EpochHistory> {
    return new EpochHistory(await readEpochs(database), log);
  }

  /** The last position of the epoch; of the present one, the last committed. Undefined if unknown. */
  endOf(epoch: number): number | undefined {
    const { committed } = this.#log;
    return epoch === committed.epoch ? committed.position : this.#ends.get(epoch);
  }
}
