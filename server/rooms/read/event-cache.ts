import { Lru } from '../../log/lru.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { tooLarge } from '../../protocol/matrix-error.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { withPrevContentOf } from '../client-members.ts';
import { heapBytesOf, type RoomEvent, textLengthOf } from '../room-event.ts';
import type { PageEntry, RoomStore, StoredEvent } from '../store.ts';
import { Gathered } from './gathered.ts';
import { federationForm, roomEventOf } from './stored-event.ts';

const REDACTED_MAX = 1_000;
/** Each is parsed: more would hold up others for longer than a turn should take. */
const READ_AT_ONCE = 500;

/** Far above any room that is none of its members' spite, far below the longest string of V8. */
export const ANSWER_BYTES_MAX = 128 * 1_048_576;

/** How many redactions there had been. */
export interface ReadBegun {
  readonly behindRedaction: number;
}

interface Redacted {
  readonly event: RoomEvent;
  /** Which one it was since the server began. */
  readonly redaction: number;
}

/** Committed events of all rooms, as readers see them: those used last. */
export class EventCache {
  readonly #store: Pick<RoomStore, 'eventsByNid' | 'eventById' | 'eventsById'>;
  readonly #answerBytesMax: number;
  readonly #events: Lru<number, RoomEvent>;
  readonly #redacted: Lru<number, Redacted>;
  #redactions = 0;
  #changes = 0;
  /** The last redaction of those that are remembered no more. */
  #lastForgotten = 0;
  readonly #reads: Gathered<number, StoredEvent | undefined>;

  constructor(
    store: Pick<RoomStore, 'eventsByNid' | 'eventById' | 'eventsById'>,
    { bytesMax, answerBytesMax }: { bytesMax: number; answerBytesMax: number },
  ) {
    this.#store = store;
    this.#answerBytesMax = answerBytesMax;
    this.#events = new Lru(bytesMax);
    this.#redacted = new Lru(REDACTED_MAX, ({ redaction }) => {
      this.#lastForgotten = Math.max(this.#lastForgotten, redaction);
    });
    this.#reads = new Gathered((nids) => this.#read(nids), { keysMax: READ_AT_ONCE });
  }

  /** One that is kept, if it stands where it stood when it was read. */
  entered({ nid, depth, position, stateBefore, stateAfter }: PageEntry) {
    const event = this.#events.get(nid);
    if (!event || event.isRefused) return undefined;
    const isThere =
      event.depth === depth &&
      event.position === position &&
      (event.stateBefore ?? 0) === stateBefore &&
      (event.stateAfter ?? 0) === stateAfter;
    return isThere ? event : undefined;
  }

  /** How often what was shown of any event has changed, or may have: by a redaction, or by what a purge left. */
  get changes(): number {
    return this.#changes;
  }

  has(nid: number): boolean {
    return this.#events.has(nid);
  }

  /** In the order asked for. Throws M_TOO_LARGE where they are more than one answer can hold. */
  async load(
    rulesOf: (event: StoredEvent) => RoomVersionRules,
    nids: readonly number[],
  ): Promise<RoomEvent[]> {
    const kept = nids.map((nid) => this.#events.get(nid));
    if (kept.every((event) => event !== undefined)) {
      this.#withinOneAnswer(textBytesOf(kept));
      return kept;
    }
    const found = new Map<number, RoomEvent>();
    const missing: number[] = [];
    for (const [index, event] of kept.entries())
      if (event) found.set(event.nid, event);
      else missing.push(nids[index]!);
    let bytes = this.#withinOneAnswer(textBytesOf(found.values()));
    for (let at = 0; at < missing.length; at += READ_AT_ONCE) {
      const begun = this.beginRead();
      const slice = missing.slice(at, at + READ_AT_ONCE);
      const read = await Promise.all(slice.map((nid) => this.#reads.of(nid)));
      const events = read
        .filter((stored) => stored !== undefined)
        .map((stored) => this.putRead(roomEventOf(stored, rulesOf(stored)), begun));
      for (const event of events) found.set(event.nid, event);
      bytes = this.#withinOneAnswer(bytes + textBytesOf(events));
    }
    return nids.flatMap((nid) => found.get(nid) ?? []);
  }

  /** Of events that were loaded, in their order. */
  async federationForms(
    rules: RoomVersionRules,
    events: readonly RoomEvent[],
  ): Promise<RoomEvent[]> {
    const stored = await Promise.all(events.map(({ nid }) => this.#reads.of(nid)));
    return events.map((event, index) => {
      const each = stored[index];
      return each === undefined ? event : federationForm(event, each, rules);
    });
  }

  async byId(rules: RoomVersionRules, eventId: EventId): Promise<RoomEvent | undefined> {
    const begun = this.beginRead();
    const stored = await this.#store.eventById(eventId);
    return stored && this.putRead(roomEventOf(stored, rules), begun);
  }

  /** Also one that was read before a redaction and comes in behind it is shown without what it took. */
  async byIds(rules: RoomVersionRules, eventIds: readonly EventId[]): Promise<RoomEvent[]> {
    const begun = this.beginRead();
    const stored = await this.#store.eventsById(eventIds);
    return stored.map((each) => this.putRead(roomEventOf(each, rules), begun));
  }

  /** Of a moment: for `putRead` and `mayKeep`, before the database is asked. */
  beginRead(): ReadBegun {
    return { behindRedaction: this.#redactions };
  }

  /** As it was committed just now. */
  put(event: RoomEvent): void {
    this.#keep(this.shown(event));
  }

  /** What was read is kept if it cannot have what a redaction took. */
  putRead(event: RoomEvent, begun: ReadBegun): RoomEvent {
    const shown = this.shown(event);
    if (this.mayKeep(begun)) this.#keep(shown);
    return shown;
  }

  /** Whether all redactions since then are remembered: `shown` knows them then. */
  mayKeep({ behindRedaction }: ReadBegun): boolean {
    return this.#lastForgotten <= behindRedaction;
  }

  /** As a redaction left it that was committed while it was read; for those who keep it themselves, where they `mayKeep` it. */
  shown(event: RoomEvent): RoomEvent {
    return this.#redacted.get(event.nid)?.event ?? this.#withoutRedactedPast(event);
  }

  /** Remembered apart, since a read that began before the redaction may end behind it. */
  putRedacted(event: RoomEvent): void {
    this.#redactions++;
    this.#changes++;
    this.#redacted.set(event.nid, { event, redaction: this.#redactions });
    if (this.#events.has(event.nid)) this.#keep(event);
    if (event.stateKey !== undefined) this.#events.update((each) => withPrevContentOf(each, event));
  }

  forgetRoom(roomId: RoomId): void {
    this.#changes++;
    this.#events.deleteIf((event) => event.roomId === roomId);
  }

  async #read(nids: readonly number[]): Promise<(StoredEvent | undefined)[]> {
    const read = await this.#store.eventsByNid([...new Set(nids)]);
    const byNid = new Map(read.map((stored) => [stored.nid, stored]));
    return nids.map((nid) => byNid.get(nid));
  }

  #withinOneAnswer(bytes: number): number {
    if (bytes > this.#answerBytesMax) throw tooLarge('There is more than one answer can hold');
    return bytes;
  }

  #withoutRedactedPast(event: RoomEvent): RoomEvent {
    const { replacesNid } = event;
    const past = replacesNid === undefined ? undefined : this.#redacted.get(replacesNid)?.event;
    return past ? withPrevContentOf(event, past) : event;
  }

  #keep(event: RoomEvent): void {
    this.#events.set(event.nid, event, heapBytesOf(event));
  }
}

function textBytesOf(events: Iterable<RoomEvent>): number {
  let bytes = 0;
  for (const event of events) bytes += textLengthOf(event);
  return bytes;
}
