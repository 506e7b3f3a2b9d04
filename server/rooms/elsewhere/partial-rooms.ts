import { AtOnce } from '../../log/at-once.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

const WAIT_MS_MAX = 20_000;
/** Who joins a room of a few people is told so when all of them are here; of large ones nobody waits for that. */
const SOON_MS_MAX = 1_500;
const WAITING_MAX = { all: 1_000, ofOne: 20 };
const RETRY_MS = 5_000;

/** Who waits for rooms whose members are not here yet, and who is told that there is one more of them. */
export class PartialRooms {
  readonly #waiting = new Map<RoomId, Set<() => void>>();
  readonly #places = new AtOnce<UserId>(WAITING_MAX);
  readonly #end = new AbortController();
  readonly #soonMsMax: number;
  #onEntered: (roomId: RoomId) => void = () => {};

  constructor(soonMsMax: number = SOON_MS_MAX) {
    this.#soonMsMax = soonMsMax;
  }

  listen(onEntered: (roomId: RoomId) => void): void {
    this.#onEntered = onEntered;
  }

  entered(roomId: RoomId): void {
    this.#onEntered(roomId);
  }

  becameWhole(roomId: RoomId): void {
    for (const resume of this.#waiting.get(roomId) ?? []) resume();
  }

  /** Nobody waits any longer: who is the writer next goes on fetching. */
  close(): void {
    this.#end.abort();
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
    try {
      await this.#waits(roomId, isPartial, { ms: WAIT_MS_MAX, signal });
    } finally {
      leave();
    }
    if (await isPartial()) throw limitExceeded(RETRY_MS);
  }

  /** Resolves when it is whole, or that takes longer than a moment, or too many wait. */
  async soonWhole(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    userId: UserId,
  ): Promise<void> {
    const leave = this.#places.take(userId);
    if (!leave) return;
    try {
      await this.#waits(roomId, isPartial, { ms: this.#soonMsMax });
    } finally {
      leave();
    }
  }

  async #waits(
    roomId: RoomId,
    isPartial: () => Promise<boolean>,
    { ms, signal }: { readonly ms: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const ends = [AbortSignal.timeout(ms), this.#end.signal, ...(signal ? [signal] : [])];
    const over = AbortSignal.any(ends);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(roomId) ?? new Set();
    this.#waiting.set(roomId, waiting.add(resolve));
    over.addEventListener('abort', () => resolve());
    if (over.aborted) resolve();
    try {
      // It may have become whole before anybody was told to tell.
      if (await isPartial()) await promise;
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(roomId);
    }
  }
}
