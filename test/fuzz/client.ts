import { Agent } from 'undici';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Peer } from './peer.ts';

/** In place of a token: the request is signed by another server. */
export const SIGNED = 'signed';

export interface Asked {
  readonly method: string;
  /** As it goes over the wire. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: string | Buffer | undefined;
}

export interface Answered {
  /** 0 where the connection was cut without an answer. */
  readonly status: number;
  readonly text: string;
}

export class FuzzClient implements AsyncDisposable {
  readonly #agent = new Agent({ pipelining: 1, connections: 4, headersTimeout: 60_000 });
  readonly #origin: string;

  readonly #peer: Peer;

  /** `peer` is whoever asks by signature. */
  constructor(origin: string, peer: Peer) {
    this.#origin = origin;
    this.#peer = peer;
  }

  async ask(asked: Asked): Promise<Answered> {
    const { method, path, token, body } = asked;
    const authorization =
      token === SIGNED ? this.#peer.authorization(asked) : token && `Bearer ${token}`;
    try {
      const answer = await this.#agent.request({
        origin: this.#origin,
        method: method as 'GET',
        path,
        headers: authorization === undefined ? {} : { authorization },
        ...(body !== undefined && { body }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }

  /** What must succeed. */
  async json(
    method: string,
    path: string,
    { token, body }: { token?: string; body?: object } = {},
  ): Promise<JsonObject> {
    const text = body && JSON.stringify(body);
    const answer = await this.ask({ method, path, token, body: text });
    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as JsonObject;
  }

  [Symbol.asyncDispose]() {
    return this.#agent.destroy();
  }
}
