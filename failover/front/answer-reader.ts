/** Names in lower case; one that comes several times has an array. */
export type AnswerHeaders = Record<string, string | string[] | undefined>;

export interface AnswerTaker {
  /** Also for what is said before the answer, such as 103. */
  onResponseStart(status: number, headers: AnswerHeaders): void;
  /** The bytes are another's once this returns. */
  onResponseData(chunk: Buffer): void;
  onResponseEnd(): void;
}

/** What the other side says is no answer in HTTP/1.1: nothing behind it can be told apart. */
export class NotAnAnswer extends Error {
  override readonly name = 'NotAnAnswer';
}

const HEAD_BYTES_MAX = 64 * 1024;
/** Of a chunk's size, or of a trailer. */
const LINE_BYTES_MAX = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** `size`, `chunk`, `behind` it, and `trailers` are those of a chunked body. */
type Stage =
  | 'head'
  | 'length'
  | 'size'
  | 'chunk'
  | 'behind'
  | 'trailers'
  | 'until-close'
  | 'over'
  | 'stopped';

/**
 * Reads one answer from the pieces in which it comes (RFC 9112). The other side is the writer or a front of ours,
 * yet where an answer ends must never be guessed: what stands behind it would be the answer to the next request.
 */
export class AnswerReader {
  readonly #taker: AnswerTaker;
  readonly #method: string;
  #stage: Stage = 'head';
  /** Of the body, or of the chunk. */
  #left = 0;
  /** What does not say enough yet. */
  #kept = NOTHING;
  #keepAlive: KeepAlive = { isKept: false, hint: undefined };
  #hasSurplus = false;

  constructor(taker: AnswerTaker, method: string) {
    this.#taker = taker;
    this.#method = method;
  }

  /** Whether the connection can carry another request, and what the other side says of how long; once it is over. */
  get keepAlive(): KeepAlive {
    return this.#hasSurplus ? { isKept: false, hint: undefined } : this.#keepAlive;
  }

  take(chunk: Buffer): void {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#kept = NOTHING;
    let at = 0;
    while (at < bytes.length && this.#stage !== 'over' && this.#stage !== 'stopped') {
      const used = this.#step(bytes, at);
      if (used === 0) {
        this.#kept = Buffer.from(bytes.subarray(at));
        return;
      }
      at += used;
    }
    if (this.#stage !== 'over') return;
    this.#hasSurplus = at < bytes.length;
    this.#taker.onResponseEnd();
  }

  /** The other side has closed: whether the answer ends with that, or was broken off. */
  close(): boolean {
    if (this.#stage !== 'until-close') return false;
    this.#stage = 'over';
    this.#taker.onResponseEnd();
    return true;
  }

  /** Nothing more is told. */
  stop(): void {
    this.#stage = 'stopped';
  }

  /** How many bytes it used; 0 where what is there does not say enough. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#stage) {
      case 'head':
        return this.#head(bytes, at);
      case 'length':
      case 'chunk':
        return this.#data(bytes, at, this.#left);
      case 'until-close':
        return this.#data(bytes, at, Infinity);
      default:
        return this.#line(bytes, at);
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
    if (end < 0) return within(bytes.length - at, HEAD_BYTES_MAX);
    const { status, minor, headers } = headOf(bytes.toString('latin1', at, end));
    if (status === 101)
      throw new NotAnAnswer('It speaks another protocol now, which nobody asked for');
    if (status >= 200) {
      this.#left = 0;
      this.#stage = this.#framingOf(status, headers);
      this.#keepAlive = keepAliveOf(minor, headers, this.#stage);
    }
    this.#taker.onResponseStart(status, headers);
    return end + 4 - at;
  }

  /** Where the answer ends: RFC 9112, section 6.3. */
  #framingOf(status: number, headers: AnswerHeaders): Stage {
    if (this.#method === 'HEAD' || status === 204 || status === 304) return 'over';
    const coding = headers['transfer-encoding'];
    const length = headers['content-length'];
    if (coding === undefined && length === undefined) return 'until-close';
    if (coding === undefined) {
      this.#left = lengthOf(length!);
      return this.#left === 0 ? 'over' : 'length';
    }
    if (length !== undefined || String(coding).toLowerCase() !== 'chunked')
      throw new NotAnAnswer('It does not say clearly where the answer ends');
    return 'size';
  }

  #data(bytes: Buffer, at: number, left: number): number {
    const used = Math.min(left, bytes.length - at);
    this.#left -= used;
    if (this.#stage !== 'until-close' && this.#left === 0)
      this.#stage = this.#stage === 'chunk' ? 'behind' : 'over';
    this.#taker.onResponseData(bytes.subarray(at, at + used));
    return used;
  }

  #line(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    if (end < 0) return within(bytes.length - at, LINE_BYTES_MAX);
    const line = bytes.toString('latin1', at, end);
    if (this.#stage === 'size') this.#begin(line);
    else if (this.#stage === 'trailers') this.#stage = line === '' ? 'over' : 'trailers';
    else if (line === '') this.#stage = 'size';
    else throw new NotAnAnswer('A chunk is longer than it says');
    return end + 2 - at;
  }

  #begin(line: string): void {
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line)?.[1];
    if (size === undefined) throw new NotAnAnswer('A chunk does not say its size');
    this.#left = Number.parseInt(size, 16);
    this.#stage = this.#left === 0 ? 'trailers' : 'chunk';
  }
}

export interface KeepAlive {
  readonly isKept: boolean;
  /** As the other side said it: `timeout=75`. */
  readonly hint: string | undefined;
}

function keepAliveOf(minor: string, headers: AnswerHeaders, stage: Stage): KeepAlive {
  const said = String(headers.connection ?? '').toLowerCase();
  const isKept = stage !== 'until-close' && !said.includes('close') && minor === '1';
  return { isKept, hint: headers['keep-alive']?.toString() };
}

function headOf(text: string) {
  const lines = text.split('\r\n');
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(lines[0]!) ?? [];
  if (minor === undefined) throw new NotAnAnswer('It does not begin as an answer does');
  const headers: AnswerHeaders = Object.create(null);
  for (let at = 1; at < lines.length; at++) note(headers, lines[at]!);
  return { minor, status: Number(status), headers };
}

function note(headers: AnswerHeaders, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).toLowerCase();
  if (colon < 1 || /[\s\0]/.test(name)) throw new NotAnAnswer('A header has no name');
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (typeof before === 'string') headers[name] = [before, value];
  else before.push(value);
}

function lengthOf(said: string | string[]): number {
  const length = typeof said === 'string' && /^\d{1,15}$/.test(said) ? Number(said) : Number.NaN;
  if (Number.isNaN(length)) throw new NotAnAnswer('It does not say clearly how long the answer is');
  return length;
}

function within(length: number, most: number): 0 {
  if (length > most) throw new NotAnAnswer('A line of it is too long');
  return 0;
}
