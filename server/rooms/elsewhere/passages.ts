import { KeyedMutex } from '../../log/keyed-mutex.ts';
import { Turns } from '../../log/turns.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

/** What a large room's state takes of memory while it is checked, three times over. */
const AT_ONCE_MAX = 3;
const WAITING_MAX = 100;
const OF_ROOM_MAX = 20;
const RETRY_MS = 5_000;

/** Of each room one at a time, so that who comes second finds what the first brought; few in all. */
export class Passages {
  readonly #ofRoom = new KeyedMutex();
  readonly #counts = new Map<RoomId, number>();
  readonly #commits = new KeyedMutex();
  readonly #turns = new Turns(AT_ONCE_MAX);
  #all = 0;

  /** For what changes a room that is not kept up to date here, from reading what there is of it to the commit. */
  alone<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    return this.#commits.run(roomId, work);
  }

  /** Throws M_LIMIT_EXCEEDED where too many wait. */
  async run<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    const own = this.#counts.get(roomId) ?? 0;
    if (own >= OF_ROOM_MAX || this.#all >= WAITING_MAX) throw limitExceeded(RETRY_MS);
    this.#counts.set(roomId, own + 1);
    this.#all += 1;
    try {
      return await this.#ofRoom.run(roomId, () => this.#turns.run(work));
    } finally {
      this.#all -= 1;
      const left = this.#counts.get(roomId)! - 1;
      if (left === 0) this.#counts.delete(roomId);
      else this.#counts.set(roomId, left);
    }
  }
}
