import { NotConnected } from '../certificates/connector.ts';
import type { Ahead } from './ahead.ts';
import type { AnswerHeaders } from './answer-reader.ts';
import type { Taker as AnswerTaker, Control } from './connection.ts';
import { ANOTHER_WAY, type Flight } from './flights.ts';
import { NotARequest } from './outgoing.ts';
import type { Shares, Taker } from './shares.ts';
import { Streamed } from './streamed.ts';
import { STROKE_BYTES } from './strokes.ts';
import type { Attempt } from './verdict.ts';
import type { Whole, Wholes } from './wholes.ts';

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer | Streamed;
  /** Where the body stands that is no one's own. */
  readonly whole?: Whole | undefined;
  /** Gives back the memory that the body took: a long one's is another's from then on. */
  readonly over: () => void;
}

export type Tried = { attempt: Attempt; answer?: Answer };

/** Kept whole before a byte of it goes to the client, so that a writer's death midway is no error. */
const ANSWER_WHOLE_BYTES_MAX = 4 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** The writer says with this that it executed nothing, as it is none. */
export const NOT_WRITER = 'x-farol-not-writer';

export interface ExchangeOptions {
  readonly flight: Flight;
  readonly taker: Taker;
  readonly memory: Shares;
  readonly ahead: Ahead;
  readonly wholes: Wholes;
  /** The connection is free for the next request. */
  readonly free: () => void;
}

/** One request to a writer and its answer, as its connection reports it: a stream for each would cost as much as all the rest. */
export class Exchange implements AnswerTaker {
  readonly tried: Promise<Tried>;
  readonly #options: ExchangeOptions;
  #settle!: (tried: Tried) => void;
  #controller: Control | undefined;
  #status = 0;
  #headers: Answer['headers'] = {};
  #taken = 0;
  #whole: Buffer = NOTHING;
  /** Where it stands, unless it is small. */
  #place: Whole | undefined;
  #filled = 0;
  #stream: Streamed | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.tried = new Promise((resolve) => {
      this.#settle = resolve;
    });
    options.flight.onCut((why) => this.#cut(why));
  }

  onRequestStart(controller: Control): void {
    this.#controller = controller;
    const { why } = this.#options.flight;
    if (why !== undefined) controller.abort(new Error(why));
  }

  onResponseStart(controller: Control, status: number, headers: Answer['headers']): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const bytes = bytesOf(status, headers);
    if (bytes <= ANSWER_WHOLE_BYTES_MAX && this.#options.memory.take(this.#options.taker, bytes)) {
      this.#taken = bytes;
    } else if (!this.#isRefusal) this.#streamOn(controller);
  }

  onResponseData(_: Control, chunk: Buffer): void {
    if (this.#stream !== undefined) this.#stream.push(chunk);
    else if (!this.#isRefusal) this.#keep(chunk);
  }

  onResponseEnd(): void {
    this.#options.free();
    if (this.#stream !== undefined) this.#stream.end();
    else if (this.#isRefusal)
      this.#fail({ kind: 'not-executed', why: 'it is not the writer', reached: true });
    else this.#answer(this.#whole);
  }

  onResponseError(_: Control | null, error: Error): void {
    this.#options.free();
    if (this.#stream !== undefined) this.#stream.fail(error);
    else if (error instanceof NotARequest) this.#refuseForm(error);
    else this.#fail(this.#whatFailed(error));
  }

  get #isRefusal(): boolean {
    return this.#status === 503 && this.#headers[NOT_WRITER] !== undefined;
  }

  /** Into one buffer as they come: pieces that are kept until the last one is there are garbage that costs a whole collection. */
  #keep(chunk: Buffer): void {
    if (this.#filled === 0) this.#whole = this.#roomFor(this.#taken);
    this.#filled += chunk.copy(this.#whole, this.#filled);
  }

  /** What is small, somebody may still read when it is over: it is sent without waiting for the client, and may be remembered. */
  #roomFor(bytes: number): Buffer {
    if (bytes <= STROKE_BYTES) return Buffer.allocUnsafe(bytes);
    this.#place = this.#options.wholes.take(bytes);
    return this.#place.place.subarray(0, bytes);
  }

  #answer(body: Answer['body']): void {
    const over = () => this.#giveBack();
    const whole = this.#place;
    const answer = { status: this.#status, headers: this.#headers, body, whole, over };
    this.#settle({ attempt: { kind: 'answered' }, answer });
  }

  #streamOn(controller: Control): void {
    this.#stream = new Streamed(controller, this.#options.ahead);
    this.#answer(this.#stream);
  }

  #fail(attempt: Attempt): void {
    this.#giveBack();
    this.#settle({ attempt });
  }

  /** No request at all, such as `OPTIONS *`: no writer would take it either. */
  #refuseForm({ message }: Error): void {
    this.#status = 400;
    this.#headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
    this.#answer(Buffer.from(JSON.stringify({ errcode: 'M_UNRECOGNIZED', error: message })));
  }

  #giveBack(): void {
    if (this.#taken > 0) this.#options.memory.give(this.#options.taker, this.#taken);
    this.#taken = 0;
    this.#place?.letGo();
    this.#place = undefined;
  }

  #whatFailed(error: Error): Attempt {
    const why =
      this.#options.flight.why ?? `${(error as { code?: string }).code ?? ''} ${error.message}`;
    if (error instanceof NotConnected) return { kind: 'not-executed', why };
    if (why === ANOTHER_WAY) return { kind: 'rerouted', why };
    return { kind: 'unknown', why, epoch: this.#options.flight.target.writer.epoch };
  }

  #cut(why: string): void {
    if (this.#controller !== undefined) this.#controller.abort(new Error(why));
    // It waits for its connection; when that comes about, nothing is sent on it.
    else this.#fail({ kind: 'not-executed', why });
  }
}

/** How long the body is; of what has none nothing is said (RFC 9112, section 6.3). */
const bytesOf = (status: number, headers: Answer['headers']): number =>
  status === 204 || status === 304 ? 0 : Number(headers['content-length'] ?? Infinity);
