import { BATCH_BYTES_MAX, BATCH_CHANGES_MAX, bytesOf } from './batch.ts';
import type { Change } from './change.ts';
import { type Full, type ShareBounds, Shares } from './shares.ts';

/** A change that is built, and not settled yet. */
export interface Waiting {
  readonly change: Change;
  /** On whose behalf. */
  readonly subject: string;
  readonly bytes: number;
  /** The last position that was handed out when this change was built. */
  readonly last: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Changes in the order of their positions. What is taken out counts until it is settled. */
export class Queue {
  readonly #shares: Shares;
  #waiting: Waiting[] = [];

  constructor(bounds: ShareBounds) {
    this.#shares = new Shares(bounds);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  whatIsFull(subject: string): Full | undefined {
    return this.#shares.whatIsFull(subject);
  }

  /** Resolves or rejects as the change is settled. */
  push(change: Change, subject: string, last: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const bytes = bytesOf(change);
    let isSettled = false;
    const settling = () => {
      if (!isSettled) this.#shares.give(subject, bytes);
      isSettled = true;
    };
    this.#shares.take(subject, bytes);
    this.#waiting.push({
      ...{ change, subject, bytes, last },
      resolve() {
        settling();
        resolve();
      },
      reject(error) {
        settling();
        reject(error);
      },
    });
    return promise;
  }

  takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < BATCH_CHANGES_MAX) {
      bytes += this.#waiting[count]!.bytes;
      if (count > 0 && bytes > BATCH_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** What was taken, or what is left of it, is the first again. */
  putBack(batch: readonly Waiting[]): void {
    this.#waiting.unshift(...batch);
  }

  /**
   * Takes out what `goes`, and all that shares memory with it or with these touches, which grow by
   * theirs. Also what came before: memory that is dropped is read again without what is still waiting.
   */
  takeTouched(touches: Set<string>, goes: (waiting: Waiting) => boolean): Waiting[] {
    const isTaken = (each: Waiting) =>
      goes(each) || each.change.touches.some((key) => touches.has(key));
    const taken = new Set<Waiting>();
    let found: Waiting[];
    do {
      found = this.#waiting.filter((each) => !taken.has(each) && isTaken(each));
      for (const each of found) {
        taken.add(each);
        for (const key of each.change.touches) touches.add(key);
      }
    } while (found.length > 0);
    const inOrder = this.#waiting.filter((each) => taken.has(each));
    this.#waiting = this.#waiting.filter((each) => !taken.has(each));
    return inOrder;
  }

  takeAll(): Waiting[] {
    return this.#waiting.splice(0);
  }
}
