import { Lru } from '../../log/lru.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { heapBytesOfAll, type RoomEvent, renderForAll } from '../../rooms/room-event.ts';

/** Six answers of 500 members, with the events that they were made of. */
const BYTES_MAX = 4 * 1_048_576;

interface Told {
  readonly events: readonly RoomEvent[];
  readonly text: Uint8Array;
  /** Who is told more than that, of what they sent themselves. */
  readonly senders: ReadonlySet<UserId>;
  /** Of the state of which it is all: while it is the same, so are the events. */
  readonly mark: string | undefined;
}

interface Question {
  readonly roomId: RoomId;
  /** Of which there are few. */
  readonly kind: string;
  readonly reader: UserId;
}

/**
 * The lists of members that were told last, as they were sent: whoever opens a room asks for all of them, and most are told
 * the same. What is shown of an event never changes (what a redaction or an erasure leaves of it is another one), so the
 * same events are the same text for everybody. `age` is left out, which would make it another one each time: nobody
 * asks how old a membership is.
 */
export class MemberTexts {
  readonly #told: Lru<string, Told>;

  constructor({ bytesMax = BYTES_MAX } = {}) {
    this.#told = new Lru(bytesMax);
  }

  /** What was told of a state with this mark, without a look at its events; undefined where one has to look. */
  ofMark({ roomId, kind, reader }: Question, mark: string): Uint8Array | undefined {
    const known = this.#told.get(`${roomId} ${kind}`);
    return known?.mark === mark && !known.senders.has(reader) ? known.text : undefined;
  }

  /** `{"chunk":[…]}`; undefined where the reader is told more than others, of what they sent themselves. */
  of(
    { roomId, kind, reader }: Question,
    events: readonly RoomEvent[],
    mark?: string,
  ): Uint8Array | undefined {
    if (events.some(({ origin, sender }) => origin !== undefined && sender === reader))
      return undefined;
    const key = `${roomId} ${kind}`;
    const known = this.#told.get(key);
    const isSame = known && areSame(known.events, events);
    if (isSame && (mark === undefined || known.mark === mark)) return known.text;
    const text = isSame ? known.text : textOf(events);
    // The cache of events may drop them, and they stay here.
    const bytes = text.length + heapBytesOfAll(events);
    this.#told.set(key, { events, text, senders: sendersWithMore(events), mark }, bytes);
    return text;
  }
}

const textOf = (events: readonly RoomEvent[]): Uint8Array =>
  Buffer.from(`{"chunk":[${events.map(renderForAll).join(',')}]}`);

const sendersWithMore = (events: readonly RoomEvent[]): ReadonlySet<UserId> =>
  new Set(events.flatMap(({ origin, sender }) => (origin === undefined ? [] : sender)));

const areSame = (told: readonly RoomEvent[], events: readonly RoomEvent[]): boolean =>
  told.length === events.length && told.every((event, index) => event === events[index]);
