import { Client } from 'undici';
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

  /** Nobody leads now, or whoever does is not well: the same may be asked again. */
  get isOfNow(): boolean {
    return this.status >= 500 || this.status === 429;
  }
}

/** Requests of a client of the server. */
export interface AdminApi {
  /** Throws `Refused` unless it was done. */
  ask(request: string, body?: Json, token?: string): Promise<Json>;
  close(): Promise<void>;
}

/** Longer than a front holds a request while no site leads. */
const ANSWER_WITHIN_MS = 70_000;

/** `request` is a method and a path, as in `GET /_synapse/admin/v2/users`. */
export function adminApiBehind({ origin, host, connect }: Door): AdminApi {
  const client = new Client(origin, { allowH2: false, connect });
  return {
    async ask(request, body, token) {
      const [method, path] = request.split(' ') as ['GET' | 'POST' | 'PUT', string];
      const answer = await client.request({
        ...{ method, path, body: body === undefined ? null : JSON.stringify(body) },
        headers: {
          ...{ host, 'content-type': 'application/json' },
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        headersTimeout: ANSWER_WITHIN_MS,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const told = await jsonOf(await answer.body.text());
      if (answer.statusCode >= 300) throw new Refused(answer.statusCode, told);
      return told;
    },
    close: () => client.destroy(),
  };
}

/** A proxy in the way answers in other words. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}
