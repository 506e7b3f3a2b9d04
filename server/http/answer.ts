import type { Readable } from 'node:stream';

/** What a handler returns when a plain object as JSON with status 200 is not what it has to say. */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Strings are JSON already made, sent as UTF-8. */
  readonly body: string | Uint8Array | Readable | undefined;

  constructor(
    status: number,
    headers: Readonly<Record<string, string>>,
    body?: string | Uint8Array | Readable,
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** JSON that was made by hand: /sync concatenates events whose JSON was made once. */
export const jsonText = (text: string | Uint8Array, status = 200) =>
  new Answer(status, { 'content-type': 'application/json' }, text);
