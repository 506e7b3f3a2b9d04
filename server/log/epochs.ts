import type { Database } from '../storage/database.ts';
import { readEpochs, type StoredEpoch } from '../storage/log.ts';
import type { Log } from './log.ts';

/** All takeovers there were. Grows by a row each, so it is kept in memory whole. */
export class EpochHistory {
  readonly #ends = new Map<number, number>();
  readonly #log: Pick<Log, 'committed'>;

  constructor(epochs: readonly StoredEpoch[], log: Pick<Log, 'committed'>) {
    this.#log = log;
    epochs.forEach(({ epoch }, index) => {
      const next = epochs[index + 1];
      if (next) this.#ends.set(epoch, next.beginsAfter);
    });
  }

  /** Behind the takeover: an epoch that is not confirmed is none. */
  static async load(database: Database, log: Pick<Log, 'committed'>): Promise<EpochHistory> {
    return new EpochHistory(await readEpochs(database), log);
  }

  /** The last position of the epoch; of the present one, the last committed. Undefined if unknown. */
  endOf(epoch: number): number | undefined {
    const { committed } = this.#log;
    return epoch === committed.epoch ? committed.position : this.#ends.get(epoch);
  }
}
