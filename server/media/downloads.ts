import { lengthFor } from './stores/blocks.ts';
import type { ReadPart } from './stores/contents.ts';
import type { Lent } from './stores/recent-parts.ts';

/** What all downloads together read ahead of their clients, by the room that it takes; beyond it each reads the least that it may. */
const AHEAD_BYTES = 16 * 1024 * 1024;
const READ_BYTES_MAX = 512 * 1024;
const READ_BYTES_MIN = 16 * 1024;
/** Of what is left the next one takes no more: those that come behind it want some, too. */
const ONE_OF = 8;

export interface Span {
  readonly from: number;
  /** Behind its last byte. */
  readonly end: number;
}

/** Reads content as its clients take it; the more lies here that they have not taken, the less is read. */
export class Downloads {
  #aheadBytes = 0;

  /** A client that asks for the next step has all of the one before (server/http/write-pieces.ts): its place may be another's from then on. */
  async *read(part: ReadPart, { from, end }: Span): AsyncGenerator<Buffer> {
    for (let at = from; at < end; ) {
      const upTo = Math.min(at + this.#readBytes(), end);
      const ahead = lengthFor(upTo - at);
      this.#aheadBytes += ahead;
      let lent: Lent | undefined;
      try {
        lent = await part(at, upTo);
        yield lent.bytes;
      } finally {
        lent?.giveBack();
        this.#aheadBytes -= ahead;
      }
      at = upTo;
    }
  }

  #readBytes(): number {
    const part = Math.floor((AHEAD_BYTES - this.#aheadBytes) / ONE_OF);
    return Math.min(Math.max(part, READ_BYTES_MIN), READ_BYTES_MAX);
  }
}
