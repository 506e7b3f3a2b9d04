import { setImmediate as turn } from 'node:timers/promises';
import { WholeAnswer } from '../log/outcomes.ts';

/** Made as the client takes them; begun at the first one, and ended where the client goes. Who asks for the next has done with the one before. */
export type Pieces = AsyncIterable<string | Uint8Array>;

/** What a handler returns when a plain object as JSON with status 200 is not what it has to say. */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Strings are JSON already made, sent as UTF-8. */
  readonly body: string | Uint8Array | Pieces | undefined;

  constructor(
    status: number,
    headers: Readonly<Record<string, string>>,
    body?: string | Uint8Array | Pieces,
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** What a repeat is to be told, of an answer that is text but no JSON. */
export function wholeAnswer({ headers, body }: Answer): WholeAnswer {
  if (typeof body !== 'string') throw new Error('Only text is kept as an outcome');
  return new WholeAnswer(headers, body);
}

/** JSON that was made by hand: /sync concatenates events whose JSON was made once. */
export const jsonText = (text: string | Uint8Array, status = 200) =>
  new Answer(status, { 'content-type': 'application/json' }, text);

/** The same in pieces, between which others have their turn of the event loop. */
export const jsonPieces = (pieces: readonly string[]) =>
  pieces.length === 1
    ? jsonText(pieces[0]!)
    : new Answer(200, { 'content-type': 'application/json' }, inTurns(pieces));

/** The same, of pieces that are made as the client reads them. */
export const jsonStream = (pieces: AsyncIterable<string>) =>
  new Answer(200, { 'content-type': 'application/json' }, pieces);

async function* inTurns(pieces: readonly string[]) {
  for (const piece of pieces) {
    yield piece;
    await turn();
  }
}
