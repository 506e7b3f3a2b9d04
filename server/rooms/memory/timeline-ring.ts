import { withPrevContentOf } from '../client-members.ts';
import { heapBytesOf, heapBytesOfAll, type RoomEvent } from '../room-event.ts';

/**
 * The newest events of a room's timeline, in order of position. It holds all of those behind
 * `coversAfter` and none before it, so that a reader knows when to ask the database.
 */
export class TimelineRing {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #events: RoomEvent[] = [];
  #bytes = 0;
  #coversAfter: number;

  constructor(lastPosition: number, { eventsMax, bytesMax }: RingSize) {
    this.#coversAfter = lastPosition;
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  /** Of heap, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  push(event: RoomEvent): void {
    this.#events.push(event);
    this.#bytes += heapBytesOf(event);
    this.#trim();
  }

  /**
   * Puts older events before those that are there: all of the timeline in (after, upTo]. Useless if
   * the ring no longer reaches back to `upTo`.
   */
  fill(older: readonly RoomEvent[], { after, upTo }: { after: number; upTo: number }): void {
    if (upTo < this.#coversAfter || after >= this.#coversAfter) return;
    const missing = older.filter((event) => event.position <= this.#coversAfter);
    this.#events = [...missing, ...this.#events];
    this.#bytes += heapBytesOfAll(missing);
    this.#coversAfter = after;
    this.#trim();
  }

  /** A redaction changes what readers are shown of an event, and of the one that replaced it. */
  redact(redacted: RoomEvent): void {
    this.#events = this.#events.map((event) =>
      event.nid === redacted.nid ? redacted : withPrevContentOf(event, redacted),
    );
    this.#bytes = heapBytesOfAll(this.#events);
  }

  /** The newest `limit` in (after, upTo]; undefined if the ring does not reach back so far. */
  newest(range: { after: number; upTo: number; limit: number }): RoomEvent[] | undefined {
    const events = this.#events;
    let end = events.length;
    while (end > 0 && events[end - 1]!.position > range.upTo) end--;
    let start = end;
    while (start > 0 && end - start < range.limit && events[start - 1]!.position > range.after)
      start--;
    const isComplete = end - start === range.limit || range.after >= this.#coversAfter;
    return isComplete ? events.slice(start, end) : undefined;
  }

  /** All that it holds: the whole timeline behind `coversAfter`. */
  newestFirst(): Iterable<RoomEvent> {
    return this.#events.toReversed();
  }

  /** Whoever is up to date asks for the last few, and others ask the database. */
  keepNewest(count: number): void {
    if (this.#events.length > count) this.#drop(this.#events.length - count);
  }

  /** Of these events those that it holds, by number. */
  among(nids: readonly number[]): Map<number, RoomEvent> {
    const wanted = new Set(nids);
    const found = new Map<number, RoomEvent>();
    for (const event of this.#events) if (wanted.has(event.nid)) found.set(event.nid, event);
    return found;
  }

  byId(eventId: string): RoomEvent | undefined {
    return this.#events.findLast((event) => event.eventId === eventId);
  }

  /** By halves, so that a push costs no shift of the whole array. */
  #trim(): void {
    if (this.#events.length <= 2 * this.#eventsMax && this.#bytes <= 2 * this.#bytesMax) return;
    let count = 0;
    let bytes = this.#bytes;
    while (this.#events.length - count > this.#eventsMax || bytes > this.#bytesMax)
      bytes -= heapBytesOf(this.#events[count++]!);
    this.#drop(count);
  }

  #drop(count: number): void {
    const last = this.#events[count - 1]!;
    this.#bytes -= heapBytesOfAll(this.#events.slice(0, count));
    this.#events = this.#events.slice(count);
    this.#coversAfter = Math.max(this.#coversAfter, last.position);
  }
}

export interface RingSize {
  readonly eventsMax: number;
  readonly bytesMax: number;
}
