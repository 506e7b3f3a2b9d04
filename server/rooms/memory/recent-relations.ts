import type { EventId } from '../../protocol/identifiers.ts';

const TARGETS_MAX = 100;
/** Of heap, by estimate. */
const TARGET_BYTES = 150;

export interface RecentRelation {
  readonly targetId: EventId;
  /** Number of the event that relates to it. */
  readonly nid: number;
}

/**
 * To which events of a room something relates that is shown along with them, as far as the latter was
 * said behind `after`. What relates to an event comes behind it, so of a younger event all is known:
 * nearly always that there is nothing, and the database need not be asked.
 */
export class RecentRelations {
  #after: number;
  /** With the newest that relates to each, in the order of those. */
  #targets: Map<EventId, number> | undefined;

  constructor(after: number) {
    this.#after = after;
  }

  get after(): number {
    return this.#after;
  }

  get bytes(): number {
    return TARGET_BYTES * (this.#targets?.size ?? 0);
  }

  /** As many as are kept are there: older ones would not be. */
  get isFull(): boolean {
    return (this.#targets?.size ?? 0) >= TARGETS_MAX;
  }

  /** Whether nothing relates to the event; undefined where that is not known. */
  isAlone({ nid, eventId }: { nid: number; eventId: EventId }): boolean | undefined {
    if (this.#targets?.has(eventId)) return false;
    return nid > this.#after ? true : undefined;
  }

  add(relation: RecentRelation): void {
    this.#put(relation);
    this.#trim();
  }

  /** Puts older ones before those that are there: all of the room's in (after, upTo], newest first. */
  fill(newestFirst: readonly RecentRelation[], range: { after: number; upTo: number }): void {
    if (range.upTo < this.#after || range.after >= this.#after) return;
    const newer = this.#targets ?? [];
    this.#targets = undefined;
    for (const relation of newestFirst.toReversed()) this.#put(relation);
    for (const [targetId, nid] of newer) this.#put({ targetId, nid });
    this.#after = range.after;
    this.#trim();
  }

  #put({ targetId, nid }: RecentRelation): void {
    this.#targets ??= new Map();
    this.#targets.delete(targetId);
    this.#targets.set(targetId, nid);
  }

  #trim(): void {
    if (this.#targets === undefined) return;
    let surplus = this.#targets.size - TARGETS_MAX;
    for (const [targetId, nid] of this.#targets) {
      if (surplus-- <= 0) return;
      this.#targets.delete(targetId);
      this.#after = Math.max(this.#after, nid);
    }
  }
}
