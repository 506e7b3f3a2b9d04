import { Pool } from 'undici';
import { connectorWith } from '../../certificates/connector.ts';
import type { Identity } from '../../certificates/identity.ts';
import { Endpoints } from '../../core/endpoints.ts';
import { takesConnections } from '../takes-connections.ts';

export interface GatewayOptions {
  /** The own site's member first: the others are asked only while it does not answer. */
  readonly endpoints: readonly string[];
  /** Of one question, from sending to the last byte. */
  readonly deadlineMs: number;
  readonly identity?: Identity;
}

/** etcd's JSON gateway. 64-bit integers are strings in it, and stay strings here. */
export class Gateway {
  readonly #urls: readonly string[];
  readonly #pools: readonly Pool[];
  readonly #deadlineMs: number;
  readonly #endpoints: Endpoints;

  constructor({ endpoints, deadlineMs, identity }: GatewayOptions) {
    const connector = connectorWith(identity, { timeoutMs: deadlineMs });
    // Questions that hang must not stand before the next one: each gets a connection if it needs one.
    const options = { connections: 16, pipelining: 1, allowH2: false, connect: connector };
    this.#urls = endpoints;
    this.#pools = endpoints.map((url) => new Pool(url, options));
    this.#deadlineMs = deadlineMs;
    this.#endpoints = new Endpoints(endpoints.length, () => performance.now());
  }

  /** Asks the own site's member, or another while that one fails or hangs (D8). */
  async ask<T>(path: string, body: object): Promise<T> {
    const attempt = this.#endpoints.take();
    try {
      const answer = await this.#askMember<T>(attempt.member, path, body);
      attempt.answered();
      return answer;
    } catch (error) {
      attempt.failed();
      throw error;
    }
  }

  /** Asks the member of this site and no other. */
  askOwn<T>(path: string, body: object): Promise<T> {
    return this.#askMember<T>(0, path, body);
  }

  /** Asks every member for itself, in the order of the endpoints. */
  askEach<T>(path: string, body: object): Promise<PromiseSettledResult<T>[]> {
    return Promise.allSettled(
      this.#pools.map((_, member) => this.#askMember<T>(member, path, body)),
    );
  }

  /** How many there are, the own site's first. */
  get members(): number {
    return this.#pools.length;
  }

  /** Asks one for what takes it longer than any question. */
  askAt<T>(member: number, path: string, body: object, withinMs: number): Promise<T> {
    return this.#askMember<T>(member, path, body, withinMs);
  }

  /** Whether a program listens there, whatever it answers. */
  takesConnections(member: number): Promise<boolean> {
    return takesConnections(new URL(this.#urls[member]!), this.#deadlineMs);
  }

  /** A number that the own site's member measures. */
  async measured(name: string): Promise<number | null> {
    const signal = AbortSignal.timeout(this.#deadlineMs);
    const answer = await this.#pools[0]!.request({ path: '/metrics', method: 'GET', signal });
    const text = await answer.body.text();
    const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
    return found === null ? null : Number(found[1]);
  }

  /**
   * An answer without an end to several questions, such as a watch; the caller ends it, or it breaks
   * when nothing has come for `silentMs`: a peer that lost power says nothing either.
   */
  async open(
    path: string,
    bodies: readonly object[],
    { signal, silentMs }: { signal: AbortSignal; silentMs: number },
  ): Promise<AsyncIterable<Buffer>> {
    const answer = await this.#pools[this.#endpoints.current]!.request({
      ...post(path, ...bodies),
      signal,
      headersTimeout: this.#deadlineMs,
      bodyTimeout: silentMs,
    });
    if (answer.statusCode !== 200) throw await refusal(path, answer);
    return answer.body;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  async #askMember<T>(
    member: number,
    path: string,
    body: object,
    withinMs = this.#deadlineMs,
  ): Promise<T> {
    const answer = await this.#pools[member]!.request({
      ...post(path, body),
      signal: AbortSignal.timeout(withinMs),
    });
    if (answer.statusCode !== 200) throw await refusal(path, answer);
    return (await answer.body.json()) as T;
  }
}

const post = (path: string, ...bodies: readonly object[]) => ({
  path,
  method: 'POST' as const,
  headers: { 'content-type': 'application/json' },
  body: bodies.map((body) => JSON.stringify(body)).join('\n'),
});

async function refusal(
  path: string,
  answer: { statusCode: number; body: { text(): Promise<string> } },
) {
  const text = (await answer.body.text()).slice(0, 300);
  return new Error(`etcd answered ${path} with ${answer.statusCode}: ${text}`);
}
