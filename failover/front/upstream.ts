import type { buildConnector } from 'undici';
import { Ahead } from './ahead.ts';
import { Connection } from './connection.ts';
import { Exchange, type ExchangeOptions, type Tried } from './exchange.ts';
import type { Outgoing } from './outgoing.ts';
import { Wholes } from './wholes.ts';

/** Quiet connections beyond these are closed. */
const IDLE_MAX = 1_024;

/**
 * Connections to the writers of this cluster, and to the fronts that pass on to them. Each carries one
 * request at a time, and a long poll has one of its own. The one used last is used next.
 */
export class Upstreams {
  readonly #connect: buildConnector.connector;
  readonly #idle = new Map<string, Connection[]>();
  readonly #all = new Set<Connection>();
  readonly #ahead = new Ahead();
  readonly #wholes = new Wholes();

  constructor(connect: buildConnector.connector) {
    this.#connect = connect;
  }

  try(
    origin: string,
    request: Outgoing,
    options: Omit<ExchangeOptions, 'free' | 'ahead' | 'wholes'>,
  ): Promise<Tried> {
    const connection = this.#take(origin);
    const free = () => this.#free(origin, connection);
    const exchange = new Exchange({ ...options, ahead: this.#ahead, wholes: this.#wholes, free });
    connection.send(request, exchange);
    return exchange.tried;
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #take(origin: string): Connection {
    const idle = this.#idle.get(origin);
    for (let known = idle?.pop(); known !== undefined; known = idle?.pop()) {
      if (known.isFree) return known;
      this.#drop(known);
    }
    const connection = new Connection(origin, this.#connect);
    this.#all.add(connection);
    return connection;
  }

  #free(origin: string, connection: Connection): void {
    const idle = this.#idle.get(origin) ?? [];
    this.#idle.set(origin, idle);
    if (idle.length < IDLE_MAX && connection.isFree) idle.push(connection);
    else this.#drop(connection);
  }

  #drop(connection: Connection): void {
    this.#all.delete(connection);
    connection.destroy();
  }
}
