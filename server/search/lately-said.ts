import type { PlacedRecord } from '../log/change.ts';
import { Lately } from '../log/lately.ts';
import type { Event } from '../protocol/event.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { IndexableEvent, IndexableRange } from '../storage/search/indexable-events.ts';
import { isSearched } from './document-of.ts';

type Said = Pick<Rooms, 'justCommitted' | 'shownChanges'>;

/** What is said in one round of the index, and in the next. */
const MAX = { items: 1_000, bytes: 2 * 1_048_576 };

/**
 * What is to be indexed next, noted as it is committed, so that it need not be read back. The tables are asked behind whatever may
 * have changed what was said: what is read then is as it is by now.
 */
export class LatelySaid {
  readonly #rooms: Said;
  readonly #lately: Lately<IndexableEvent>;
  #last: number;
  #changes: number;

  /** From where the log stands now. */
  constructor(rooms: Said, position: number) {
    this.#rooms = rooms;
    this.#last = position;
    this.#changes = rooms.shownChanges();
    this.#lately = new Lately(MAX, position);
  }

  note(records: readonly PlacedRecord[]): void {
    for (const placed of records) {
      if (!this.#isNoted(placed)) this.#lately.beginAt(placed.position);
      this.#last = placed.position;
    }
  }

  /** The same as from the tables; undefined where those have to be asked. Nobody asks again for what is before. */
  in(range: IndexableRange): readonly IndexableEvent[] | undefined {
    // No record tells of what earlier history redacts.
    const changes = this.#rooms.shownChanges();
    if (changes !== this.#changes) this.#lately.beginAt(this.#last);
    this.#changes = changes;
    return this.#lately.in(range);
  }

  #isNoted({ position, record }: PlacedRecord): boolean {
    switch (record.kind) {
      case 'event':
        return this.#isSaid(position);
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

  #isSaid(position: number): boolean {
    const said = this.#rooms.justCommitted(position);
    if (!said || said.event.type === 'm.room.redaction') return false;
    const { roomNid, event } = said;
    const { type, sender, content } = event;
    if (!isSearched(type)) return true;
    const found = { position, nid: position, roomNid, type, sender, pdu: { content } };
    this.#lately.hold(found, bytesOf(event));
    return true;
  }
}

/** Of its text: what it takes of the heap is a small multiple of that. */
const bytesOf = ({ canonical, content }: Event): number =>
  canonical?.length ?? JSON.stringify(content).length;
