import { Lru } from '../../log/lru.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { heapBytesOfAll, type RoomEvent, renderForAll } from '../../rooms/room-event.ts';

/** Six answers of 500 members, with the events that they were made of. */
const BYTES_MAX = 4 * 1_048_576;

interface Told {
  readonly events: readonly RoomEvent[];
  readonly text: Uint8Array;
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

  /** `{"chunk":[…]}`; undefined where the reader is told more than others, of what they sent themselves. */
  of({ roomId, kind, reader }: Question, events: readonly RoomEvent[]): Uint8Array | undefined {
    if (events.some(({ origin, sender }) => origin !== undefined && sender === reader))
      return undefined;
    const key = `${roomId} ${kind}`;
    const known = this.#told.get(key);
    if (known && areSame(known.events, events)) return known.text;
    const text = Buffer.from(`{"chunk":[${events.map(renderForAll).join(',')}]}`);
    // The cache of events may drop them, and they stay here.
    this.#told.set(key, { events, text }, text.length + heapBytesOfAll(events));
    return text;
  }
}

const areSame = (told: readonly RoomEvent[], events: readonly RoomEvent[]): boolean =>
  told.length === events.length && told.every((event, index) => event === events[index]);
