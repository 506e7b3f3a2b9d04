import type { RoomId } from '../../protocol/identifiers.ts';

const COUNT_AT_FIRST = 64;

/**
 * Where rooms stand in the log: those that moved last. There is one for each room that anybody active is in,
 * so each is a place in columns (60 bytes with the map's own; an object in a map that is put in order anew
 * at every move took 115).
 */
export class LastPositions {
  readonly #max: number;
  readonly #places = new Map<RoomId, number>();
  /** The same text for all users of a room: each read brings one of its own. */
  readonly #names: RoomId[] = [];
  #positions: Float64Array;
  /** Whether it moved since `#hand` was there last. */
  #moved: Uint8Array;
  /** The place that is looked at next when one is wanted. */
  #hand = 0;
  /** How many there were once. */
  forgotten = 0;

  constructor(max: number) {
    this.#max = max;
    const count = Math.min(max, COUNT_AT_FIRST);
    this.#positions = new Float64Array(count);
    this.#moved = new Uint8Array(count);
  }

  get(roomId: RoomId): number | undefined {
    const place = this.#places.get(roomId);
    return place === undefined ? undefined : this.#positions[place];
  }

  nameOf(roomId: RoomId): RoomId {
    const place = this.#places.get(roomId);
    return place === undefined ? roomId : this.#names[place]!;
  }

  raise(roomId: RoomId, position: number): void {
    const known = this.#places.get(roomId);
    const place = known ?? this.#placeFor(roomId);
    const before = known === undefined ? 0 : this.#positions[place]!;
    this.#positions[place] = Math.max(before, position);
    // One that has just come has not moved again: else all would look alike to the hand.
    this.#moved[place] = known === undefined ? 0 : 1;
  }

  #placeFor(roomId: RoomId): number {
    const place = this.#names.length < this.#max ? this.#names.length : this.#freed();
    if (place === this.#positions.length) this.#grow();
    this.#names[place] = roomId;
    this.#places.set(roomId, place);
    return place;
  }

  /** Of one that has not moved for a whole round of the hand. */
  #freed(): number {
    while (this.#moved[this.#hand] === 1) {
      this.#moved[this.#hand] = 0;
      this.#hand = this.#next(this.#hand);
    }
    const place = this.#hand;
    this.#hand = this.#next(place);
    this.#places.delete(this.#names[place]!);
    this.forgotten++;
    return place;
  }

  #next(place: number): number {
    return (place + 1) % this.#max;
  }

  #grow(): void {
    const count = Math.min(this.#max, 2 * this.#positions.length);
    const [positions, moved] = [this.#positions, this.#moved];
    this.#positions = new Float64Array(count);
    this.#positions.set(positions);
    this.#moved = new Uint8Array(count);
    this.#moved.set(moved);
  }
}
