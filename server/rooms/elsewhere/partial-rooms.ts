import { AtOnce } from '../../log/at-once.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

const WAIT_MS_MAX = 20_000;
const WAITING_MAX = { all: 1_000, ofOne: 20 };
const RETRY_MS = 5_000;

/** Who waits for rooms whose members are not here yet, and who is told that there is one more of them. */
export class PartialRooms {
  readonly #waiting = new Map<RoomId, Set<() => void>>();
  readonly #places = new AtOnce<UserId>(WAITING_MAX);
  #onEntered: (roomId: RoomId) => void = () => {};

  listen(onEntered: (roomId: RoomId) => void): void {
    this.#onEntered = onEntered;
  }

  entered(roomId: RoomId): void {
    this.#onEntered(roomId);
  }

  becameWhole(roomId: RoomId): void {
    for (const resume of this.#waiting.get(roomId) ?? []) resume();
  }

  /** Throws M_LIMIT_EXCEEDED where it takes too long, or too many wait. */
  async whenWhole(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    { userId, signal }: { readonly userId: UserId; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (!(await isPartial())) return;
    const leave = this.#places.take(userId);
    if (!leave) throw limitExceeded(RETRY_MS);
    const over = AbortSignal.any([AbortSignal.timeout(WAIT_MS_MAX), ...(signal ? [signal] : [])]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(roomId) ?? new Set();
    this.#waiting.set(roomId, waiting.add(resolve));
    over.addEventListener('abort', () => resolve());
    try {
      // It may have become whole before anybody was told to tell.
      if (await isPartial()) await promise;
    } finally {
      leave();
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(roomId);
    }
    if (over.aborted && (await isPartial())) throw limitExceeded(RETRY_MS);
  }
}
