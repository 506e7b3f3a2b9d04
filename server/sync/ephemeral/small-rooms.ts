import type { RoomId } from '../../protocol/identifiers.ts';

/**
 * Presence is told in rooms of so many at most. It costs the square of them: after a change of writer
 * all come back at once, and in a room of 3,000 that were nine million events.
 */
export const PRESENCE_MEMBERS_MAX = 300;

const ROOMS_KEPT_MAX = 100_000;

/** Of these rooms, those with at most so many joined members. */
export type RoomsUpTo = (roomIds: readonly RoomId[], members: number) => Promise<Iterable<RoomId>>;

/** Which rooms are small enough, as far as it was asked; forgotten when the room's members change. */
export class SmallRooms {
  readonly #roomsUpTo: RoomsUpTo;
  readonly #isSmall = new Map<RoomId, boolean>();
  /** An answer that was under way at one of them may be from before it, and is not kept. */
  #changes = 0;

  constructor(roomsUpTo: RoomsUpTo) {
    this.#roomsUpTo = roomsUpTo;
  }

  /** A test for these rooms, by what was committed when it was asked. */
  async among(roomIds: Iterable<RoomId>): Promise<(roomId: RoomId) => boolean> {
    const asked = [...new Set(roomIds)];
    const isSmall = new Map(asked.flatMap((each) => this.#entryOf(each)));
    const unknown = asked.filter((each) => !isSmall.has(each));
    if (unknown.length > 0) {
      const changes = this.#changes;
      const small = new Set(await this.#roomsUpTo(unknown, PRESENCE_MEMBERS_MAX));
      for (const roomId of unknown) isSmall.set(roomId, small.has(roomId));
      if (changes === this.#changes) this.#keep(unknown, isSmall);
    }
    return (roomId) => isSmall.get(roomId) ?? false;
  }

  /** Whether it was known to be too large. */
  forget(roomId: RoomId): boolean {
    const wasLarge = this.#isSmall.get(roomId) === false;
    this.#changes++;
    this.#isSmall.delete(roomId);
    return wasLarge;
  }

  #entryOf(roomId: RoomId): [RoomId, boolean][] {
    const isSmall = this.#isSmall.get(roomId);
    return isSmall === undefined ? [] : [[roomId, isSmall]];
  }

  #keep(roomIds: readonly RoomId[], isSmall: ReadonlyMap<RoomId, boolean>): void {
    if (this.#isSmall.size > ROOMS_KEPT_MAX) this.#isSmall.clear();
    for (const roomId of roomIds) this.#isSmall.set(roomId, isSmall.get(roomId)!);
  }
}
