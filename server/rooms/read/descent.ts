import { prevEventsOf } from '../../protocol/event-references.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Break } from '../room.ts';
import type { Place, RoomStore, StoredEvent } from '../store.ts';
import { type ParsedEvent, parsedOf } from './stored-event.ts';

/** However many events a page has gone through. */
const LOOKED_FOR_MAX = 500;
/** The first events that are here of a room: where a filter passed them by. */
const FIRST_EVENTS = 20;

/** What the events of a page follow, and whether that is here. */
export class Descent {
  readonly #room: Pick<HotRoom, 'nid' | 'rules'>;
  readonly #store: Pick<RoomStore, 'placedEvents' | 'pageOfRoom'>;
  readonly #unpassed = new Map<number, ParsedEvent>();
  readonly #passed = new Set<EventId>();
  /** What they follow, and which of them was passed first. */
  readonly #before = new Map<EventId, Place>();

  constructor(
    room: Pick<HotRoom, 'nid' | 'rules'>,
    store: Pick<RoomStore, 'placedEvents' | 'pageOfRoom'>,
  ) {
    this.#room = room;
    this.#store = store;
  }

  read(events: readonly ParsedEvent[]): void {
    for (const each of events) this.#unpassed.set(each.nid, each);
  }

  passed(nid: number): void {
    const event = this.#unpassed.get(nid);
    if (!event) return;
    this.#unpassed.delete(nid);
    this.#passed.add(event.eventId);
    for (const id of prevEventsOf(event.pdu, this.#room.rules))
      if (!this.#before.has(id)) this.#before.set(id, { depth: event.depth, nid });
  }

  /** Also at those that are the first of the room here, whatever a filter lets through. */
  async lookAtFirst(): Promise<void> {
    const first = await this.#store.pageOfRoom({
      ...{ roomNid: this.#room.nid, from: { depth: -1, nid: 0 }, direction: 'f' },
      ...{ limit: FIRST_EVENTS, types: null, senders: null },
    });
    for (const each of first) this.#pass(each);
  }

  /** At the event just above, where the page before this one ended, or a timeline begins: what that follows may be missing. */
  async lookAbove(from: Place): Promise<void> {
    const [above] = await this.#store.pageOfRoom({
      ...{ roomNid: this.#room.nid, from, direction: 'f' },
      ...{ limit: 1, types: null, senders: null },
    });
    if (above) this.#pass(above);
  }

  /** Those that have no place here. */
  async brokenOff(): Promise<readonly Break[]> {
    const ids = [...this.#before.keys()]
      .filter((id) => !this.#passed.has(id))
      .slice(-LOOKED_FOR_MAX);
    if (ids.length === 0) return [];
    const placed = new Set(
      (await this.#store.placedEvents(this.#room.nid, ids)).map(({ eventId }) => eventId),
    );
    return ids
      .filter((id) => !placed.has(id))
      .map((eventId) => ({ eventId, followedBy: this.#before.get(eventId)! }));
  }

  #pass(stored: StoredEvent): void {
    this.read([parsedOf(stored, this.#room.rules)]);
    this.passed(stored.nid);
  }
}
