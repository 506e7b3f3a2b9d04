import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';

type Found = Pick<Event, 'eventId' | 'prevEvents'>;

/** What a walk back has found, by what each follows: it may be megabytes, and is looked through in each round, so none is parsed twice. */
export class GapWalk {
  readonly #before = new Map<EventId, readonly EventId[]>();
  readonly #asked = new Set<EventId>();

  found(events: readonly Found[]): void {
    for (const { eventId, prevEvents } of events) this.#before.set(eventId, prevEvents);
  }

  /** What they follow and was not found. */
  get open(): EventId[] {
    const before = new Set([...this.#before.values()].flat());
    return [...before].filter((id) => !this.#before.has(id));
  }

  /**
   * Those from which to ask on, so many: they follow something that is neither found nor here. Those from which nobody has asked
   * come first, else of many ends the same would be asked from again and again.
   */
  next(here: ReadonlySet<EventId>, max: number): EventId[] {
    const isOpen = (id: EventId) => !this.#before.has(id) && !here.has(id);
    const ends = [...this.#before].flatMap(([id, prev]) => (prev.some(isOpen) ? [id] : []));
    const wasAsked = (id: EventId) => Number(this.#asked.has(id));
    const next = ends.toSorted((one, other) => wasAsked(one) - wasAsked(other)).slice(0, max);
    for (const id of next) this.#asked.add(id);
    return next;
  }
}
