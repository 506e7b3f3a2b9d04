import type { EventId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { withPrevContentOf } from '../client-members.ts';
import { Lru } from '../memory/lru.ts';
import type { RoomStore, StoredEvent } from '../ports.ts';
import { heapBytesOf, type RoomEvent } from '../room-event.ts';
import { roomEventOf } from './stored-event.ts';

const REDACTED_MAX = 1_000;

/** Committed events of all rooms, as readers see them: those used last. */
export class EventCache {
  readonly #store: Pick<RoomStore, 'eventsByNid' | 'eventById'>;
  readonly #events: Lru<number, RoomEvent>;
  readonly #redacted = new Lru<number, RoomEvent>(REDACTED_MAX);

  constructor(store: Pick<RoomStore, 'eventsByNid' | 'eventById'>, bytesMax: number) {
    this.#store = store;
    this.#events = new Lru(bytesMax);
  }

  /** In the order asked for. */
  async load(
    rulesOf: (event: StoredEvent) => RoomVersionRules,
    nids: readonly number[],
  ): Promise<RoomEvent[]> {
    const found = new Map<number, RoomEvent>();
    const missing: number[] = [];
    for (const nid of nids) {
      const event = this.#events.get(nid);
      if (event) found.set(nid, event);
      else missing.push(nid);
    }
    if (missing.length > 0)
      for (const stored of await this.#store.eventsByNid(missing))
        found.set(stored.nid, this.put(roomEventOf(stored, rulesOf(stored))));
    return nids.flatMap((nid) => found.get(nid) ?? []);
  }

  async byId(rules: RoomVersionRules, eventId: EventId): Promise<RoomEvent | undefined> {
    const stored = await this.#store.eventById(eventId);
    return stored && this.put(roomEventOf(stored, rules));
  }

  /** Also one that was read before a redaction and comes in behind it is shown without what it took. */
  put(event: RoomEvent): RoomEvent {
    const redacted = this.#redacted.get(event.nid);
    const shown = redacted ?? this.#withoutRedactedPast(event);
    this.#keep(shown);
    return shown;
  }

  /** Remembered apart, since a read that began before the redaction may end behind it. */
  putRedacted(event: RoomEvent): void {
    this.#redacted.set(event.nid, event);
    if (this.#events.has(event.nid)) this.#keep(event);
    if (event.stateKey !== undefined) this.#events.update((each) => withPrevContentOf(each, event));
  }

  #withoutRedactedPast(event: RoomEvent): RoomEvent {
    const { replacesNid } = event;
    const past = replacesNid === undefined ? undefined : this.#redacted.get(replacesNid);
    return past ? withPrevContentOf(event, past) : event;
  }

  #keep(event: RoomEvent): void {
    this.#events.set(event.nid, event, heapBytesOf(event));
  }
}
