import { setTimeout as wait } from 'node:timers/promises';
import { limitExceeded } from '../../http/matrix-error.ts';

const AT_ONCE_MAX = 8;
const WAITING_MAX = 32;
const WAIT_MS_MAX = 20_000;
const RETRY_AFTER_MS = 1_000;

interface UnderWay {
  count: number;
  /** In order of arrival. */
  readonly waiting: Set<() => void>;
}

/**
 * How many answers that may be large one user has under way. Each lies in memory until the client has
 * read it, so a slow one with many of them would hold what the server has: it waits for itself.
 */
export class LargeReads {
  readonly #users = new Map<string, UnderWay>();
  readonly #waitMsMax: number;

  constructor({ waitMsMax = WAIT_MS_MAX } = {}) {
    this.#waitMsMax = waitMsMax;
  }

  /** `who` is a user, or an address where no user is known. Held until the answer was sent, or its client has gone: that is when the signal ends. */
  async enter(who: string, signal: AbortSignal): Promise<void> {
    if (this.enterAtOnce(who, signal)) return;
    const own = this.#users.get(who)!;
    await this.#turnOf(own);
    this.#stay(who, own, signal);
  }

  /** The same where there is a place; false where one has to wait for it. */
  enterAtOnce(who: string, signal: AbortSignal): boolean {
    const own = this.#users.get(who) ?? { count: 0, waiting: new Set() };
    if (own.count >= AT_ONCE_MAX) return false;
    this.#users.set(who, own);
    own.count += 1;
    this.#stay(who, own, signal);
    return true;
  }

  #stay(who: string, own: UnderWay, signal: AbortSignal): void {
    if (signal.aborted) this.#leave(who, own);
    else signal.addEventListener('abort', () => this.#leave(who, own), { once: true });
  }

  async #turnOf({ waiting }: UnderWay): Promise<void> {
    if (waiting.size >= WAITING_MAX) throw limitExceeded(RETRY_AFTER_MS);
    const stop = new AbortController();
    let called = () => {};
    const turn = new Promise<boolean>((resolve) => {
      called = () => resolve(true);
    });
    waiting.add(called);
    const tooLate = wait(this.#waitMsMax, false, { signal: stop.signal, ref: false });
    const came = await Promise.race([turn, tooLate.catch(() => false)]);
    stop.abort();
    waiting.delete(called);
    if (!came) throw limitExceeded(RETRY_AFTER_MS);
  }

  /** Whoever waits next takes over the place. */
  #leave(who: string, own: UnderWay): void {
    const [next] = own.waiting;
    if (next) {
      own.waiting.delete(next);
      next();
      return;
    }
    own.count -= 1;
    if (own.count === 0) this.#users.delete(who);
  }
}
