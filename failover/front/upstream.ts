import type { Readable } from 'node:stream';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { Body } from './body.ts';
import { Exchange, type ExchangeOptions, type Tried } from './exchange.ts';

export interface Outgoing {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Body | { readonly kind: 'stream'; readonly stream: Readable };
}

/** Quiet connections beyond these are closed. */
const IDLE_MAX = 1_024;

/**
 * Connections to the writers of this cluster, and to the fronts that pass on to them. Each carries one
 * request at a time, and a long poll has one of its own. The one used last is used next.
 */
export class Upstreams {
  readonly #connect: buildConnector.connector;
  readonly #idle = new Map<string, Client[]>();
  readonly #all = new Set<Client>();

  constructor(connect: buildConnector.connector) {
    this.#connect = connect;
  }

  try(
    origin: string,
    { method, path, headers, body }: Outgoing,
    options: Omit<ExchangeOptions, 'free'>,
  ): Promise<Tried> {
    const client = this.#take(origin);
    const exchange = new Exchange({ ...options, free: () => this.#free(origin, client) });
    const sent = bodyOf(body, method, headers);
    client.dispatch(
      { method: method as Dispatcher.HttpMethod, path, headers, body: sent },
      exchange,
    );
    return exchange.tried;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.destroy()));
  }

  #take(origin: string): Client {
    const known = this.#idle.get(origin)?.pop();
    if (known !== undefined) return known;
    const client = new Client(origin, {
      connect: this.#connect,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#all.add(client);
    return client;
  }

  #free(origin: string, client: Client): void {
    const idle = this.#idle.get(origin) ?? [];
    this.#idle.set(origin, idle);
    if (idle.length < IDLE_MAX && !client.destroyed) return void idle.push(client);
    this.#all.delete(client);
    void client.destroy();
  }
}

function bodyOf(body: Outgoing['body'], method: string, headers: string[]) {
  if (body.kind === 'stream') return body.stream;
  if (body.kind === 'memory') {
    const none = body.bytes.length === 0 && (method === 'GET' || method === 'HEAD');
    return none ? null : body.bytes;
  }
  if (!headers.includes('content-length')) {
    headers.push('content-length', String(body.spooled.bytes));
  }
  return body.spooled.read();
}
