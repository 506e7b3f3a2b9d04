import type { Ahead, Block } from './ahead.ts';
import type { Control } from './connection.ts';

/** What one stream reads ahead of its client, so that it has not to wait for each piece. */
const AHEAD_BYTES = 64 * 1024;

/** The body of an answer as it comes from the writer, read no faster than somebody takes it. */
export class Streamed implements AsyncIterableIterator<Buffer> {
  readonly #control: Pick<Control, 'abort' | 'pause' | 'resume'>;
  readonly #ahead: Ahead;
  readonly #pieces: Piece[] = [];
  /** Of the piece that was given out last. */
  #given: Block | undefined;
  #bytes = 0;
  #isOver = false;
  #isOpen = true;
  #error: Error | undefined;
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(control: Pick<Control, 'abort' | 'pause' | 'resume'>, ahead: Ahead) {
    this.#control = control;
    this.#ahead = ahead;
    ahead.streams += 1;
  }

  /** Is copied. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const piece = this.#unfilled();
      const copied = chunk.copy(piece.block, piece.end, at);
      piece.end += copied;
      at += copied;
    }
    this.#count(chunk.length);
    if (this.#bytes >= AHEAD_BYTES || this.#ahead.isMuch) this.#control.pause();
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What had come is of no use without the rest. */
  fail(error: Error): void {
    this.#drop();
    this.#leave();
    this.#error ??= error;
    this.#wake();
  }

  /** Whoever asks for the next piece needs the one before no more: other bytes may come into its place. */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#given) this.#ahead.giveBack(this.#given);
    this.#given = undefined;
    while (this.#pieces.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) {
        this.#leave();
        return { done: true, value: undefined };
      }
      this.#asked = Promise.withResolvers();
      this.#control.resume();
      await this.#asked.promise;
    }
    const { block, end } = this.#pieces.shift()!;
    this.#given = block;
    this.#count(-end);
    return { done: false, value: block.subarray(0, end) };
  }

  /** Whoever stops reading ends the exchange; after its end there is nothing to abort. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.#drop();
    if (!this.#isOver) this.#control.abort(new Error('not read to its end'));
    this.#isOver = true;
    this.#leave();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #unfilled(): Piece {
    const last = this.#pieces.at(-1);
    if (last && last.end < last.block.length) return last;
    const piece = { block: this.#ahead.block(), end: 0 };
    this.#pieces.push(piece);
    return piece;
  }

  /** It waits for nobody any more. */
  #leave(): void {
    if (this.#isOpen) this.#ahead.streams -= 1;
    this.#isOpen = false;
  }

  #drop(): void {
    for (const { block } of this.#pieces) this.#ahead.giveBack(block);
    this.#pieces.length = 0;
    this.#count(-this.#bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#ahead.bytes += bytes;
  }

  #wake(): void {
    this.#asked?.resolve();
    this.#asked = undefined;
  }
}

interface Piece {
  readonly block: Block;
  end: number;
}
