import type { ByteReader } from '../storage/database.ts';
import { piecesIn, type Span } from '../storage/media/pieces.ts';

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
        const pieces = await piecesIn(this.#database, { uploadNid, from: at, end: upTo });
        at += pieces.reduce((sum, { length }) => sum + length, 0);
        if (at !== upTo) throw new Error(`Of upload ${uploadNid} there are only ${at} bytes`);
        yield pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
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
