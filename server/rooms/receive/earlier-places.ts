import { AtOnce } from '../../log/at-once.ts';
import type { UserId } from '../../protocol/identifiers.ts';

/** Each asks other servers, and holds what they say, for some seconds. */
export const FILLS_OF_USER_MAX = 2;
export const FILLS_MAX = 8;

/** For how many at once earlier history is asked for. */
export class EarlierPlaces {
  readonly #places = new AtOnce<UserId>({ all: FILLS_MAX, ofOne: FILLS_OF_USER_MAX });

  /** Undefined where there is no place. */
  run<T>(userId: UserId, work: () => Promise<T>): Promise<T> | undefined {
    const giveBack = this.#places.take(userId);
    return giveBack && work().finally(giveBack);
  }
}
