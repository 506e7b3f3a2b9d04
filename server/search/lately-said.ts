import type { PlacedRecord } from '../log/change.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { IndexableEvent, IndexableRange } from '../storage/search/indexable-events.ts';
import { isSearched } from './document-of.ts';

/** What is said in one round of the index, and in the next. */
const EVENTS_MAX = 1_000;
const BYTES_MAX = 2 * 1_048_576;

const NOT_BEGUN = Number.POSITIVE_INFINITY;

/**
 * What is to be indexed next, noted as it is committed: the database need not be asked again for what this server has
 * just written there. It holds all that is searched and was committed behind `#after`, and is asked for nothing before.
 * Where something was redacted or purged, or cannot be known, it begins anew: what is read then is as it is by now.
 */
export class LatelySaid {
  readonly #rooms: Pick<Rooms, 'lastSaid'>;
  #events: { readonly event: IndexableEvent; readonly bytes: number }[] = [];
  #bytes = 0;
  #after = NOT_BEGUN;

  constructor(rooms: Pick<Rooms, 'lastSaid'>) {
    this.#rooms = rooms;
  }

  /** Knows nothing up to here. */
  beginAt(position: number): void {
    this.#events = [];
    this.#bytes = 0;
    this.#after = position;
  }

  note(records: readonly PlacedRecord[]): void {
    if (this.#after === NOT_BEGUN) return;
    for (const placed of records) if (!this.#isNoted(placed)) this.beginAt(placed.position);
  }

  /** The same as from the database; undefined where that has to be asked. Nobody asks again for what is before. */
  in({ after, upTo, limit }: IndexableRange): readonly IndexableEvent[] | undefined {
    if (after < this.#after) return undefined;
    this.#forget(after);
    const end = this.#events.findIndex(({ event }) => event.position > upTo);
    const found = end < 0 ? this.#events : this.#events.slice(0, end);
    return found.slice(0, limit).map(({ event }) => event);
  }

  #isNoted({ position, record }: PlacedRecord): boolean {
    switch (record.kind) {
      case 'event': {
        const said = this.#rooms.lastSaid(record.roomId, position);
        if (!said || said.event.type === 'm.room.redaction') return false;
        const { nid, type, sender, content } = said.event;
        if (!isSearched(type)) return true;
        const event = { position, nid, roomNid: said.roomNid, type, sender, pdu: { content } };
        return this.#hold(event, said.bytes);
      }
      case 'room-entered':
      case 'room-deleted':
      case 'history-purged':
        return false;
      case 'state':
      case 'forget':
      case 'receipt':
      case 'account-data':
      case 'to-device':
      case 'device-list':
      case 'key-signature':
      case 'logins':
      case 'profile':
      case 'directory':
      case 'device-keys':
        return true;
      default:
        return record satisfies never;
    }
  }

  #hold(event: IndexableEvent, bytes: number): boolean {
    if (this.#events.length === EVENTS_MAX || this.#bytes + bytes > BYTES_MAX) return false;
    this.#events.push({ event, bytes });
    this.#bytes += bytes;
    return true;
  }

  #forget(upTo: number): void {
    const first = this.#events.findIndex(({ event }) => event.position > upTo);
    const gone = this.#events.splice(0, first < 0 ? this.#events.length : first);
    for (const { bytes } of gone) this.#bytes -= bytes;
  }
}
