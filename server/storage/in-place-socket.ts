import { Socket } from 'node:net';

/** As much as is read at a stroke. */
const PLACE_BYTES = 64 * 1024;
/** What all of these connections read into, one after the other: a buffer for each read was garbage outside of V8's heap. */
const PLACE = Buffer.allocUnsafeSlow(PLACE_BYTES);
/** Of each message of PostgreSQL: its kind, and its length with these four bytes of it. */
const LENGTH_BYTES = 4;
const HEAD_BYTES = 1 + LENGTH_BYTES;
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
  /** Of the message that is being read, whether anything is to be read for the driver or not. */
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headFilled = 0;
  /** Behind its head. */
  #left = 0;
  #isCopied = false;

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

  /** From the next message on, also where a part of one has been read; until it is told otherwise. */
  copyTo(sink: CopySink | undefined): void {
    this.#sink = sink;
  }

  #take(bytes: Buffer): void {
    let passed = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#left === 0 && this.#headFilled === 0)
        this.#isCopied = this.#sink !== undefined && bytes[at] === COPY_DATA;
      if (this.#isCopied && passed < at) this.#pass(bytes.subarray(passed, at));
      at += this.#left === 0 ? this.#takeHead(bytes, at) : this.#takeRest(bytes, at);
      if (this.#left < 0) return void this.destroy(new Error(NO_MESSAGE));
      if (this.#isCopied) passed = at;
    }
    if (passed < bytes.length) this.#pass(bytes.subarray(passed));
  }

  #takeHead(bytes: Buffer, at: number): number {
    // Nearly each comes whole, and there is one for each row.
    if (this.#headFilled === 0 && at + HEAD_BYTES <= bytes.length) {
      this.#begin(bytes.readInt32BE(at + 1));
      return HEAD_BYTES;
    }
    const used = bytes.copy(this.#head, this.#headFilled, at);
    this.#headFilled += used;
    if (this.#headFilled < HEAD_BYTES) return used;
    this.#headFilled = 0;
    this.#begin(this.#head.readInt32BE(1));
    return used;
  }

  #begin(length: number): void {
    this.#left = length - LENGTH_BYTES;
    if (this.#isCopied && this.#left >= 0) this.#sink?.begin(this.#left);
  }

  #takeRest(bytes: Buffer, at: number): number {
    const used = Math.min(this.#left, bytes.length - at);
    this.#left -= used;
    if (this.#isCopied) this.#sink?.add(bytes.subarray(at, at + used));
    return used;
  }

  #pass(bytes: Buffer): void {
    this.emit('data', Buffer.from(bytes));
  }
}

const NO_MESSAGE = 'The database sends what is no message';
