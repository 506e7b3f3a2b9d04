import type { IncomingMessage } from 'node:http';
import { Answer } from './answer.ts';

interface Given {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Names these bytes, and no others: quoted, as RFC 9110 writes it (section 8.8.3). */
  readonly etag: string;
  /** From the byte `from` up to the byte `end`, without it. */
  readonly read: (from: number, end: number) => AsyncIterable<Buffer>;
}

/** Bytes that a client may have in part, or has already (RFC 9110, sections 13 and 14). */
export class Representation {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  /** All of it, as one part of something else. */
  get whole(): Readonly<Pick<Given, 'headers' | 'bytes'>> & {
    readonly read: () => AsyncIterable<Buffer>;
  } {
    const { headers, bytes, read } = this.#given;
    return { headers, bytes, read: () => read(0, bytes) };
  }

  answerTo(request: Pick<IncomingMessage, 'method' | 'headers'>): Answer {
    const { etag, bytes } = this.#given;
    const headers = { ...this.#given.headers, etag, 'accept-ranges': 'bytes' };
    if (isKnown(request.headers['if-none-match'], etag)) return new Answer(304, headers);
    const range = wantedRange(request, this.#given);
    if (range === undefined) return this.#answer(200, headers, { from: 0, end: bytes });
    if (range === 'beyond') return beyond(bytes);
    const part = `bytes ${range.from}-${range.end - 1}/${bytes}`;
    return this.#answer(206, { ...headers, 'content-range': part }, range);
  }

  #answer(status: number, headers: Record<string, string>, { from, end }: Range): Answer {
    const length = { 'content-length': String(end - from) };
    return new Answer(status, { ...headers, ...length }, this.#given.read(from, end));
  }
}

interface Range {
  readonly from: number;
  readonly end: number;
}

const beyond = (bytes: number) =>
  new Answer(
    416,
    { 'content-type': 'application/json', 'content-range': `bytes */${bytes}` },
    JSON.stringify({ errcode: 'M_UNKNOWN', error: `There are only ${bytes} bytes` }),
  );

/** Weak validators too: for what was not changed they are as good (section 13.1.2). */
const isKnown = (known: string | undefined, etag: string): boolean =>
  known !== undefined &&
  (known.trim() === '*' ||
    known.split(',').some((each) => each.trim().replace(/^W\//, '') === etag));

/** Several ranges at once are answered with the whole, as is allowed: nobody asks for them in earnest. */
function wantedRange(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  { bytes, etag }: Given,
): Range | 'beyond' | undefined {
  const { range, 'if-range': ifRange } = headers;
  if (method !== 'GET' || range === undefined) return undefined;
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const parts = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range);
  if (!parts) return undefined;
  const [first, last] = [parts[1]!, parts[2]!];
  if (first === '') return last === '' ? undefined : suffix(Number(last), bytes);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  if (Number(first) >= bytes) return 'beyond';
  return { from: Number(first), end: last === '' ? bytes : Math.min(Number(last) + 1, bytes) };
}

const suffix = (length: number, bytes: number): Range | 'beyond' =>
  length === 0 || bytes === 0 ? 'beyond' : { from: Math.max(0, bytes - length), end: bytes };
