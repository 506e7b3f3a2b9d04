import { Client, errors } from 'undici';
import type { Door } from './door.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What the server answered instead of doing it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly errcode: string;

  constructor(status: number, { errcode, error }: Json) {
    super(`${error ?? 'the server refused, and said nothing'} (${errcode ?? status})`);
    this.status = status;
    this.errcode = String(errcode ?? 'M_UNKNOWN');
  }

  /** The server was not well enough, or too much was asked of it: the same may be asked again. */
  get isOfNow(): boolean {
    return this.status >= 500 || this.status === 429;
  }

  /** Also behind the 503 of a front: the writer may have done it, and died before it said so. */
  get mayBeDone(): boolean {
    return this.status >= 500;
  }
}

/** It was sent, and no answer came by which one knows what became of it. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly errcode = 'M_UNKNOWN';
  readonly isOfNow = true;
  readonly mayBeDone = true;
}

/** Requests of a client of the server. */
export interface AdminApi {
  /** Throws `Refused` or `Unanswered` unless it was done, anything else where nothing was asked. */
  ask(request: string, body?: Json, token?: string): Promise<Json>;
  close(): Promise<void>;
}

/** Longer than a front holds a request while no site leads. */
const ANSWER_WITHIN_MS = 70_000;

/** `request` is a method and a path, as in `GET /_synapse/admin/v2/users`. */
export function adminApiBehind(
  { origin, host, connect }: Door,
  answerWithinMs = ANSWER_WITHIN_MS,
): AdminApi {
  const client = new Client(origin, { allowH2: false, connect });
  const wasSent = tellsWhatWasSent(client);
  const answerTo = async (request: string, body?: Json, token?: string) => {
    const [method, path] = request.split(' ') as ['GET' | 'POST' | 'PUT', string];
    const answer = await client.request({
      ...{ method, path, body: body === undefined ? null : JSON.stringify(body) },
      headers: {
        ...{ host, 'content-type': 'application/json' },
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      headersTimeout: answerWithinMs,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return { status: answer.statusCode, told: jsonOf(await answer.body.text()) };
  };
  return {
    async ask(request, body, token) {
      const { status, told } = await answerTo(request, body, token).catch((error) => {
        throw wasSent(error) ? new Unanswered(unanswered(error), { cause: error }) : error;
      });
      if (status >= 300) throw new Refused(status, told ?? {});
      if (told === null)
        throw new Unanswered(unanswered('what came is not the answer of a server'));
      return told;
    },
    close: () => client.destroy(),
  };
}

const unanswered = (why: unknown) =>
  `It was asked, and no answer came (${why instanceof Error ? why.message : why})`;

/** Neither what no connection came about for, nor what was not worded well enough to be sent. */
function tellsWhatWasSent(client: Client): (error: unknown) => boolean {
  const unconnected = new WeakSet<Error>();
  client.on('connectionError', (_origin, _targets, error) => unconnected.add(error));
  return (error) =>
    !(error instanceof errors.InvalidArgumentError) && !unconnected.has(error as Error);
}

/** A proxy in the way answers in other words. */
function jsonOf(text: string): Json | null {
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === 'object' && told !== null ? (told as Json) : null;
  } catch {
    return null;
  }
}
