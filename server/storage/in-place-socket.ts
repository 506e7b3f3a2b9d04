import { Socket } from 'node:net';

/** As much as is read at a stroke. */
const PLACE_BYTES = 64 * 1024;
/** What all of these connections read into, one after the other: a buffer for each read was garbage outside of V8's heap. */
const PLACE = Buffer.allocUnsafeSlow(PLACE_BYTES);
/** Of each message of PostgreSQL: its kind, and its length with these four bytes of it. */
const HEAD_BYTES = 1 + 4;
const COPY_DATA = 'd'.charCodeAt(0);

/** Is given what COPY sends, as it comes; the bytes are there until `add` returns. */
export interface CopySink {
  /** A message of so many bytes, which `add` brings. */
  begin(length: number): void;
  add(bytes: Buffer): void;
}

/**
 * A connection to PostgreSQL for the driver, which keeps what it is given: so it has a copy, but for the data of a COPY that
 * somebody has asked for here. Those go to their place at once, past the driver.
 */
export class InPlaceSocket extends Socket {
  #sink: CopySink | undefined;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headFilled = 0;
  /** Of the message whose head has been read. */
  #left = 0;

  constructor() {
    super({
      onread: {
        buffer: PLACE,
        callback(this: InPlaceSocket, bytes: number): boolean {
          this.#take(PLACE.subarray(0, bytes));
          return true;
        },
      },
    });
  }

  /** From the next message on; until it is told otherwise. */
  copyTo(sink: CopySink | undefined): void {
    this.#sink = sink;
  }

  #take(bytes: Buffer): void {
    if (this.#sink === undefined) this.#pass(bytes);
    else
      for (let at = 0; at < bytes.length; )
        at += this.#left === 0 ? this.#takeHead(bytes, at) : this.#takeRest(bytes, at);
  }

  #takeHead(bytes: Buffer, at: number): number {
    const used = bytes.copy(this.#head, this.#headFilled, at);
    this.#headFilled += used;
    if (this.#headFilled < HEAD_BYTES) return used;
    this.#headFilled = 0;
    this.#left = this.#head.readInt32BE(1) - 4;
    if (this.#isCopied) this.#sink?.begin(this.#left);
    else this.#pass(this.#head);
    return used;
  }

  #takeRest(bytes: Buffer, at: number): number {
    const some = bytes.subarray(at, at + this.#left);
    this.#left -= some.length;
    if (this.#isCopied) this.#sink?.add(some);
    else this.#pass(some);
    return some.length;
  }

  get #isCopied(): boolean {
    return this.#head[0] === COPY_DATA;
  }

  #pass(bytes: Buffer): void {
    this.emit('data', Buffer.from(bytes));
  }
}
