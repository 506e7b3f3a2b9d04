import type { UserId } from '../../protocol/identifiers.ts';

/** Each asks other servers, and holds what they say, for some seconds. */
export const FILLS_OF_USER_MAX = 2;
export const FILLS_MAX = 8;

/** For how many at once earlier history is asked for. */
export class EarlierPlaces {
  readonly #ofUsers = new Map<UserId, number>();
  #all = 0;

  /** Undefined where there is no place. */
  run<T>(userId: UserId, work: () => Promise<T>): Promise<T> | undefined {
    const own = this.#ofUsers.get(userId) ?? 0;
    if (own >= FILLS_OF_USER_MAX || this.#all >= FILLS_MAX) return undefined;
    this.#ofUsers.set(userId, own + 1);
    this.#all += 1;
    return work().finally(() => this.#leave(userId));
  }

  #leave(userId: UserId): void {
    this.#all -= 1;
    const left = this.#ofUsers.get(userId)! - 1;
    if (left === 0) this.#ofUsers.delete(userId);
    else this.#ofUsers.set(userId, left);
  }
}
