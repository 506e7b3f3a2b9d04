import { Lru } from '../../log/lru.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

const TIMES_MAX = 2;
const RETRY_MS = 5_000;

/**
 * What could not be found out just now is to come again, with all of its transaction: what is answered as refused nobody says
 * once more. So often, for one reason.
 */
export class ComingAgain<Reason> {
  readonly #times: Lru<Reason, number>;

  constructor(keptMax: number) {
    this.#times = new Lru(keptMax);
  }

  /** Counts it where it may. */
  may(reason: Reason): boolean {
    const times = this.#times.get(reason) ?? 0;
    if (times >= TIMES_MAX) return false;
    this.#times.set(reason, times + 1);
    return true;
  }

  /** From here on as if it had not been. */
  forget(reason: Reason): void {
    this.#times.delete(reason);
  }
}

export const comeAgain = () => limitExceeded(RETRY_MS);
