/** What all streams read ahead together; beyond that each reads the next piece when its client has the one before. */
const AHEAD_BYTES_MAX = 16 * 1024 * 1024;
/** As much as one record of TLS brings. */
const BLOCK_BYTES = 16 * 1024;
/** Where there are many streams, the most of them wait for their clients, each with a block and as much in TLS. */
const SMALL_BLOCK_BYTES = 8 * 1024;
const MANY = 32;
const FREE_MAX = 256;

/** Room for a piece of an answer. */
export type Block = Buffer;

/** Of all streams of a front: what has come from the writer, and was not yet asked for by whoever sends it on. */
export class Ahead {
  bytes = 0;
  /** Not at their end. */
  streams = 0;
  /** Used again: as garbage they would be collected late, and leave holes between what lives. */
  readonly #free: Block[] = [];
  readonly #freeSmall: Block[] = [];

  get isMuch(): boolean {
    return this.bytes >= AHEAD_BYTES_MAX;
  }

  block(): Block {
    return this.streams > MANY
      ? (this.#freeSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_BLOCK_BYTES))
      : (this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
  }

  /** Nobody reads it any more. */
  giveBack(block: Block): void {
    const free = block.length === BLOCK_BYTES ? this.#free : this.#freeSmall;
    if (free.length < FREE_MAX) free.push(block);
  }
}
