import { withPrevContentOf } from '../client-members.ts';
import type { RoomEvent } from '../room-event.ts';

/**
 * The newest events of a room's timeline, in order of position. It holds all of those behind
 * `coversAfter` and none before it, so that a reader knows when to ask the database.
 */
export class TimelineRing {
  readonly #sizeMax: number;
  #events: RoomEvent[] = [];
  #coversAfter: number;

  constructor(lastPosition: number, sizeMax: number) {
    this.#coversAfter = lastPosition;
    this.#sizeMax = sizeMax;
  }

  push(event: RoomEvent): void {
    this.#events.push(event);
    // Trimmed by halves, so that a push costs no shift of the whole array.
    if (this.#events.length > 2 * this.#sizeMax) this.#trim();
  }

  /**
   * Puts older events before those that are there: all of the timeline in (after, upTo]. Useless if
   * the ring no longer reaches back to `upTo`.
   */
  fill(older: readonly RoomEvent[], { after, upTo }: { after: number; upTo: number }): void {
    if (upTo < this.#coversAfter || after >= this.#coversAfter) return;
    const missing = older.filter((event) => event.nid <= this.#coversAfter);
    this.#events = [...missing, ...this.#events];
    this.#coversAfter = after;
    if (this.#events.length > 2 * this.#sizeMax) this.#trim();
  }

  /** A redaction changes what readers are shown of an event, and of the one that replaced it. */
  redact(redacted: RoomEvent): void {
    this.#events = this.#events.map((event) =>
      event.nid === redacted.nid ? redacted : withPrevContentOf(event, redacted),
    );
  }

  /** The newest `limit` in (after, upTo]; undefined if the ring does not reach back so far. */
  newest(range: { after: number; upTo: number; limit: number }): RoomEvent[] | undefined {
    const events = this.#events;
    let end = events.length;
    while (end > 0 && events[end - 1]!.nid > range.upTo) end--;
    let start = end;
    while (start > 0 && end - start < range.limit && events[start - 1]!.nid > range.after) start--;
    const isComplete = end - start === range.limit || range.after >= this.#coversAfter;
    return isComplete ? events.slice(start, end) : undefined;
  }

  byId(eventId: string): RoomEvent | undefined {
    return this.#events.findLast((event) => event.eventId === eventId);
  }

  #trim(): void {
    const dropped = this.#events.splice(0, this.#events.length - this.#sizeMax);
    this.#coversAfter = Math.max(this.#coversAfter, dropped.at(-1)!.nid);
  }
}
