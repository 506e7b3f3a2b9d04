import type { EventId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { withPrevContentOf } from '../client-members.ts';
import { Lru } from '../memory/lru.ts';
import type { RoomStore } from '../ports.ts';
import type { RoomEvent } from '../room-event.ts';
import { roomEventOf } from './stored-event.ts';

const EVENTS_MAX = 20_000;
const REDACTED_MAX = 1_000;

/** Committed events of all rooms, as readers see them: those used last. */
export class EventCache {
  readonly #store: Pick<RoomStore, 'eventsByNid' | 'eventById'>;
  readonly #events = new Lru<number, RoomEvent>(EVENTS_MAX);
  readonly #redacted = new Lru<number, RoomEvent>(REDACTED_MAX);

  constructor(store: Pick<RoomStore, 'eventsByNid' | 'eventById'>) {
    this.#store = store;
  }

  /** In the order asked for. */
  async load(rules: RoomVersionRules, nids: readonly number[]): Promise<RoomEvent[]> {
    const found = new Map<number, RoomEvent>();
    const missing: number[] = [];
    for (const nid of nids) {
      const event = this.#events.get(nid);
      if (event) found.set(nid, event);
      else missing.push(nid);
    }
    if (missing.length > 0)
      for (const stored of await this.#store.eventsByNid(missing))
        found.set(stored.nid, this.put(roomEventOf(stored, rules)));
    return nids.flatMap((nid) => found.get(nid) ?? []);
  }

  async byId(rules: RoomVersionRules, eventId: EventId): Promise<RoomEvent | undefined> {
    const stored = await this.#store.eventById(eventId);
    return stored && this.put(roomEventOf(stored, rules));
  }

  put(event: RoomEvent): RoomEvent {
    const shown = this.#redacted.get(event.nid) ?? event;
    this.#events.set(event.nid, shown);
    return shown;
  }

  /** Remembered apart, since a read that began before the redaction may end behind it. */
  putRedacted(event: RoomEvent): void {
    this.#redacted.set(event.nid, event);
    if (this.#events.has(event.nid)) this.#events.set(event.nid, event);
    if (event.stateKey !== undefined) this.#events.update((each) => withPrevContentOf(each, event));
  }
}
