import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

export interface GatewayOptions {
  /** The own site's member first: the others are asked only while it does not answer. */
  readonly endpoints: readonly string[];
  /** Of one question, from sending to the last byte. */
  readonly deadlineMs: number;
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
}

/** etcd's JSON gateway. 64-bit integers are strings in it, and stay strings here. */
export class Gateway {
  readonly #pools: readonly Pool[];
  readonly #deadlineMs: number;
  #current = 0;

  constructor({ endpoints, deadlineMs, tls }: GatewayOptions) {
    const connect = {
      timeout: deadlineMs,
      ...(tls && {
        ca: readFileSync(tls.ca),
        cert: readFileSync(tls.certificate),
        key: readFileSync(tls.key),
      }),
    };
    // Questions that hang must not stand before the next one: each gets a connection if it needs one.
    this.#pools = endpoints.map(
      (url) => new Pool(url, { connections: 16, pipelining: 1, connect }),
    );
    this.#deadlineMs = deadlineMs;
  }

  /** Asks the member that answered last; one that fails is left for the next question (D8). */
  async ask<T>(path: string, body: object): Promise<T> {
    const chosen = this.#current;
    try {
      return await this.#askMember<T>(chosen, path, body);
    } catch (error) {
      if (this.#current === chosen) this.#current = (chosen + 1) % this.#pools.length;
      throw error;
    }
  }

  /** Asks the member of this site and no other. */
  askOwn<T>(path: string, body: object): Promise<T> {
    return this.#askMember<T>(0, path, body);
  }

  /** An answer without an end, such as a watch; the caller ends it. */
  async open(path: string, body: object, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const answer = await this.#pools[this.#current]!.request({
      ...post(path, body),
      signal,
      headersTimeout: this.#deadlineMs,
      bodyTimeout: 0,
    });
    if (answer.statusCode !== 200) throw await refusal(path, answer);
    return answer.body;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  async #askMember<T>(member: number, path: string, body: object): Promise<T> {
    const answer = await this.#pools[member]!.request({
      ...post(path, body),
      signal: AbortSignal.timeout(this.#deadlineMs),
    });
    if (answer.statusCode !== 200) throw await refusal(path, answer);
    return (await answer.body.json()) as T;
  }
}

const post = (path: string, body: object) => ({
  path,
  method: 'POST' as const,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

async function refusal(
  path: string,
  answer: { statusCode: number; body: { text(): Promise<string> } },
) {
  const text = (await answer.body.text()).slice(0, 300);
  return new Error(`etcd answered ${path} with ${answer.statusCode}: ${text}`);
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();
