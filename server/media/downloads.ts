import type { ByteReader } from '../storage/database.ts';
import { bytesIn, type Span } from '../storage/media/pieces.ts';

/** What all downloads together read ahead of their clients. */
const AHEAD_BYTES = 32 * 1024 * 1024;
const READ_BYTES_MAX = 512 * 1024;
const READ_BYTES_MIN = 16 * 1024;

/** Reads content as its clients take it; the more of them, the less of each is in memory. */
export class Downloads {
  readonly #database: ByteReader;
  #open = 0;

  constructor(database: ByteReader) {
    this.#database = database;
  }

  async *read({ uploadNid, from, end }: Span): AsyncGenerator<Buffer> {
    this.#open += 1;
    try {
      for (let at = from; at < end; ) {
        const upTo = Math.min(at + this.#readBytes(), end);
        yield await bytesIn(this.#database, { uploadNid, from: at, end: upTo });
        at = upTo;
      }
    } finally {
      this.#open -= 1;
    }
  }

  #readBytes(): number {
    const share = Math.floor(AHEAD_BYTES / this.#open);
    return Math.min(Math.max(share, READ_BYTES_MIN), READ_BYTES_MAX);
  }
}
