/** Of a shorter chunk most of the memory would go to what is kept beside its bytes. */
const SHORT_BYTES = 4 * 1024;
const BLOCK_BYTES = 16 * 1024;

/**
 * What a client sends, in the chunks in which it came, but for short ones: who sends single bytes would cost some 300 for each. Those are copied
 * together, and away from what the socket was read into.
 */
export class Pieces {
  readonly all: Buffer[] = [];
  /** The last piece, where more may be put behind it. */
  #block: Buffer | undefined;
  #used = 0;

  add(chunk: Buffer): void {
    if (chunk.length >= SHORT_BYTES) this.#begin(undefined, chunk);
    else if (this.#block && this.#used + chunk.length <= BLOCK_BYTES) this.#append(chunk);
    else this.#begin(Buffer.from(chunk), chunk);
  }

  #begin(block: Buffer | undefined, piece: Buffer): void {
    this.#block = block;
    this.#used = piece.length;
    this.all.push(block ?? piece);
  }

  /** A block grows with what comes: most bodies are one short chunk. */
  #append(chunk: Buffer): void {
    const used = this.#used + chunk.length;
    let block = this.#block!;
    if (used > block.length) {
      block = Buffer.allocUnsafe(Math.min(2 * used, BLOCK_BYTES));
      this.#block!.copy(block, 0, 0, this.#used);
      this.#block = block;
    }
    chunk.copy(block, this.#used);
    this.#used = used;
    this.all[this.all.length - 1] = block.subarray(0, used);
  }
}
