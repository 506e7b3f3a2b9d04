import { Lru } from '../../log/lru.ts';
import type { RoomEvent } from '../room-event.ts';
import type { PageQuery, RoomStore } from '../store.ts';
import type { EventCache } from './event-cache.ts';

const ROOMS_MAX = 1_000;

/**
 * Pages of rooms in which somebody has just read: all who come home to a room page back over the same events. Which events
 * are on a page the database says each time, and where each stands; what they say is in memory. It is asked so where the
 * last page that was read of the room was there already, so whoever is the first to read a room pays for no question more.
 */
export class KeptPages {
  readonly #store: Pick<RoomStore, 'entriesOfPage'>;
  readonly #events: Pick<EventCache, 'entered' | 'has'>;
  readonly #rooms = new Lru<number, true>(ROOMS_MAX);

  constructor(
    store: Pick<RoomStore, 'entriesOfPage'>,
    events: Pick<EventCache, 'entered' | 'has'>,
  ) {
    this.#store = store;
    this.#events = events;
  }

  /** Undefined where it has to be read: any of its events may be missing, or stand elsewhere than it did. */
  async of(query: PageQuery): Promise<RoomEvent[] | undefined> {
    if (!this.#rooms.get(query.roomNid)) return undefined;
    const page: RoomEvent[] = [];
    for (const entry of await this.#store.entriesOfPage(query)) {
      const event = this.#events.entered(entry);
      if (event) page.push(event);
      else {
        this.#rooms.delete(query.roomNid);
        return undefined;
      }
    }
    return page;
  }

  /** Before its events are put into memory. */
  wasRead(roomNid: number, page: readonly { readonly nid: number }[]): void {
    const wasThere = page.length > 0 && page.every(({ nid }) => this.#events.has(nid));
    if (wasThere) this.#rooms.set(roomNid, true);
  }
}
