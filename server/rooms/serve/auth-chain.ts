import { authEventsOf } from '../../protocol/event-references.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { tooLarge } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { RoomStore, StoredEvent } from '../store.ts';

/** Far above any room's: each new power levels and each new join of everybody in it is one. */
const CHAIN_MAX = 200_000;
export const READ_AT_ONCE = 500;

/** The auth events of events, and theirs, recursively: each once, in pieces as they are read. */
export class AuthChain {
  readonly #room: Pick<HotRoom, 'nid' | 'roomId' | 'rules'>;
  readonly #store: Pick<RoomStore, 'eventsById'>;
  readonly #seen = new Set<EventId>();
  #wanted: EventId[] = [];

  constructor(
    room: Pick<HotRoom, 'nid' | 'roomId' | 'rules'>,
    store: Pick<RoomStore, 'eventsById'>,
  ) {
    this.#room = room;
    this.#store = store;
  }

  /** Those that these events rest on are part of it; they themselves are where others rest on them. */
  under(events: readonly StoredEvent[]): void {
    const { rules, roomId } = this.#room;
    // Nothing names the create event where the room's id does, and all rests on it.
    if (rules.createIsRoomId && events.length > 0) this.#want(`$${roomId.slice(1)}` as EventId);
    for (const { json } of events)
      for (const id of authEventsOf(pduIn(json, rules), rules)) this.#want(id);
    if (this.#seen.size > CHAIN_MAX) throw tooLarge('The auth chain is too long to be told');
  }

  async *read(): AsyncGenerator<StoredEvent[]> {
    while (this.#wanted.length > 0) {
      const found = await this.#store.eventsById(this.#wanted.splice(0, READ_AT_ONCE));
      const own = found.filter(({ roomNid }) => roomNid === this.#room.nid);
      this.under(own);
      yield own;
    }
  }

  #want(id: EventId): void {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#wanted.push(id);
  }
}
