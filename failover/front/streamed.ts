import type { Control } from './connection.ts';

/** What one stream reads ahead of its client, so that it has not to wait for each piece. */
const AHEAD_BYTES = 64 * 1024;
/** What all of them do together; beyond that each reads the next piece when its client has the one before. */
const AHEAD_BYTES_MAX = 16 * 1024 * 1024;

/** Of all streams of a front: what has come from the writer, and was not yet asked for by whoever sends it on. */
export class Ahead {
  bytes = 0;

  get isMuch(): boolean {
    return this.bytes >= AHEAD_BYTES_MAX;
  }
}

/** The body of an answer as it comes from the writer, read no faster than somebody takes it. */
export class Streamed implements AsyncIterableIterator<Buffer> {
  readonly #control: Pick<Control, 'abort' | 'pause' | 'resume'>;
  readonly #ahead: Ahead;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #isOver = false;
  #error: Error | undefined;
  #asked: PromiseWithResolvers<void> | undefined;

  constructor(control: Pick<Control, 'abort' | 'pause' | 'resume'>, ahead: Ahead) {
    this.#control = control;
    this.#ahead = ahead;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#count(piece.length);
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
    this.#error ??= error;
    this.#wake();
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.#pieces.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return { done: true, value: undefined };
      this.#asked = Promise.withResolvers();
      this.#control.resume();
      await this.#asked.promise;
    }
    const value = this.#pieces.shift()!;
    this.#count(-value.length);
    return { done: false, value };
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
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #drop(): void {
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
