import { AtOnce } from '../../log/at-once.ts';
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
  readonly #commits = new KeyedMutex();
  readonly #turns = new Turns(AT_ONCE_MAX);
  readonly #places = new AtOnce<RoomId>({ all: WAITING_MAX, ofOne: OF_ROOM_MAX });

  /** For what changes a room that is not kept up to date here, from reading what there is of it to the commit. */
  alone<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    return this.#commits.run(roomId, work);
  }

  /** Throws M_LIMIT_EXCEEDED where too many wait. */
  async run<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    const leave = this.#places.take(roomId);
    if (!leave) throw limitExceeded(RETRY_MS);
    try {
      return await this.#ofRoom.run(roomId, () => this.#turns.run(work));
    } finally {
      leave();
    }
  }
}
