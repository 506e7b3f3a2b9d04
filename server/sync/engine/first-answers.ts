import { NotWriter } from '../../log/log.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

/** They wait for the database by turns, and what each has read lies in memory until it is sent. */
const AT_ONCE_MAX = 8;
/** Of one user: a large account with many devices leaves room for the others. */
const AT_ONCE_OF_ONE_MAX = 2;
const WAITING_MAX = 10_000;
const WAITING_OF_ONE_MAX = 16;
const COME_AGAIN_MS = 1_000;

interface Asking {
  underWay: number;
  /** In order of arrival. */
  readonly waiting: Set<() => void>;
}

/**
 * The answers that memory cannot give, each its tens of queries: behind a start or a failover all
 * clients ask for theirs at once. They take turns by user, for as long as their clients wait: all of
 * them at once kept each other, and everybody else, from every connection to the database for longer
 * than a connection is waited for (seen: 1,000 clients).
 */
export class FirstAnswers {
  /** Whose turn is next comes first. */
  readonly #users = new Map<UserId, Asking>();
  #underWay = 0;
  #waiting = 0;
  /** By whom each that waits is sent away; a signal would look at all of them for each that comes. */
  readonly #leaving = new Set<() => void>();
  #isClosing = false;

  /** Throws M_LIMIT_EXCEEDED where too many wait, and NotWriter where the server closes meanwhile. */
  async inTurn<T>(userId: UserId, gone: AbortSignal, make: () => Promise<T>): Promise<T> {
    const asking = this.#users.get(userId) ?? { underWay: 0, waiting: new Set() };
    await this.#turnOf(userId, asking, gone);
    try {
      return await make();
    } finally {
      asking.underWay -= 1;
      this.#underWay -= 1;
      this.#forgetIdle(userId, asking);
      this.#callNext();
    }
  }

  /** Whoever waits is to ask the next writer. */
  close(): void {
    this.#isClosing = true;
    for (const leave of this.#leaving) leave();
  }

  async #turnOf(userId: UserId, asking: Asking, gone: AbortSignal): Promise<void> {
    if (this.#isClosing) throw stopping();
    const isFull = this.#waiting >= WAITING_MAX || asking.waiting.size >= WAITING_OF_ONE_MAX;
    // What is told to a client that has gone is told to nobody.
    if (isFull || gone.aborted) throw limitExceeded(COME_AGAIN_MS);
    const { promise, resolve: call, reject } = Promise.withResolvers<void>();
    const leave = () => {
      if (!asking.waiting.delete(call)) return;
      this.#waiting -= 1;
      this.#forgetIdle(userId, asking);
      reject(this.#isClosing ? stopping() : limitExceeded(COME_AGAIN_MS));
    };
    this.#users.set(userId, asking);
    asking.waiting.add(call);
    this.#waiting += 1;
    this.#leaving.add(leave);
    gone.addEventListener('abort', leave);
    this.#callNext();
    try {
      await promise;
    } finally {
      this.#leaving.delete(leave);
      gone.removeEventListener('abort', leave);
    }
  }

  #callNext(): void {
    for (const [userId, asking] of this.#users) {
      if (this.#underWay >= AT_ONCE_MAX) return;
      const [call] = asking.waiting;
      if (call === undefined || asking.underWay >= AT_ONCE_OF_ONE_MAX) continue;
      asking.waiting.delete(call);
      this.#waiting -= 1;
      asking.underWay += 1;
      this.#underWay += 1;
      // All others come before this user does again.
      this.#users.delete(userId);
      this.#users.set(userId, asking);
      call();
    }
  }

  #forgetIdle(userId: UserId, { underWay, waiting }: Asking): void {
    if (underWay === 0 && waiting.size === 0) this.#users.delete(userId);
  }
}

const stopping = () => new NotWriter('The server is stopping');
