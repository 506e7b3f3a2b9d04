import type { RoomId } from '../../protocol/identifiers.ts';
import { KINDS, type RoomMembership } from '../membership/membership.ts';

const FORGOTTEN = 8;
const NUMBERS = 2;

/**
 * The rooms of one user. There are hundreds of thousands of them in memory, so each is a place in
 * columns (60 bytes) and becomes an object (100) when somebody asks for it.
 */
export class Memberships implements ReadonlyMap<RoomId, RoomMembership> {
  readonly #places = new Map<RoomId, number>();
  /** Of each place its position and since when. */
  #numbers: Float64Array;
  #kinds: Uint8Array;

  /** With space for so many. */
  constructor(count: number) {
    this.#numbers = new Float64Array(NUMBERS * count);
    this.#kinds = new Uint8Array(count);
  }

  get size(): number {
    return this.#places.size;
  }

  has(roomId: RoomId): boolean {
    return this.#places.has(roomId);
  }

  get(roomId: RoomId): RoomMembership | undefined {
    const place = this.#places.get(roomId);
    return place === undefined ? undefined : this.#at(place, roomId);
  }

  set({ roomId, membership, position, since, forgotten }: RoomMembership): void {
    const place = this.#placeOf(roomId);
    this.#numbers[NUMBERS * place] = position;
    this.#numbers[NUMBERS * place + 1] = since;
    this.#kinds[place] = KINDS.indexOf(membership) + (forgotten ? FORGOTTEN : 0);
  }

  keys(): MapIterator<RoomId> {
    return this.#places.keys();
  }

  *values(): MapIterator<RoomMembership> {
    for (const [roomId, place] of this.#places) yield this.#at(place, roomId);
    return undefined;
  }

  *entries(): MapIterator<[RoomId, RoomMembership]> {
    for (const [roomId, place] of this.#places) yield [roomId, this.#at(place, roomId)];
    return undefined;
  }

  [Symbol.iterator](): MapIterator<[RoomId, RoomMembership]> {
    return this.entries();
  }

  forEach(
    tell: (value: RoomMembership, key: RoomId, map: ReadonlyMap<RoomId, RoomMembership>) => void,
  ): void {
    for (const [roomId, membership] of this) tell(membership, roomId, this);
  }

  #at(place: number, roomId: RoomId): RoomMembership {
    const kind = this.#kinds[place]!;
    return {
      roomId,
      membership: KINDS[kind & (FORGOTTEN - 1)]!,
      position: this.#numbers[NUMBERS * place]!,
      since: this.#numbers[NUMBERS * place + 1]!,
      forgotten: kind >= FORGOTTEN,
    };
  }

  /** A room never goes from it: whoever leaves is one who left. */
  #placeOf(roomId: RoomId): number {
    const known = this.#places.get(roomId);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(roomId, place);
    if (place >= this.#kinds.length) this.#grow(place + (place >> 3) + 8);
    return place;
  }

  #grow(count: number): void {
    const [numbers, kinds] = [this.#numbers, this.#kinds];
    this.#numbers = new Float64Array(NUMBERS * count);
    this.#numbers.set(numbers);
    this.#kinds = new Uint8Array(count);
    this.#kinds.set(kinds);
  }
}
