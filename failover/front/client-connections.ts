import { isIPv6, type Socket, SocketAddress } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { NO_LIMIT_MS } from '../changes.ts';
import { isLongPoll } from './long-poll.ts';
import type { Routing } from './routing.ts';

/** Whoever talks gets an answer in this time, and with it the word that the connection ends. */
const IDLE_MS = 250;
/**
 * Whoever polls asks again as soon as it has its answer: that takes a client on a slow line, or one that is busy, as long as this, and
 * what it sends towards the end of a connection is lost.
 */
export const POLLER_IDLE_MS = 1_000;
const LOOK_EVERY_MS = 50;

/** How many requests are under way on a connection, and since when there is one that is no long poll, or none at all. */
interface Use {
  underWay: number;
  askedSinceMs: number | null;
  idleSinceMs: number;
  /** What came last on it was a long poll. */
  polls: boolean;
  readonly throughAddress: boolean;
}

/**
 * The connections of clients. A front that ends takes them away, and a floating address that leaves those that came in through it, so
 * they must end before: each with its next answer, and those that are idle by themselves.
 */
export class ClientConnections {
  readonly #addresses: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #open = new Set<Socket>();
  readonly #used = new Map<Socket, Use>();

  constructor(addresses: readonly string[], now: () => number) {
    this.#addresses = new Set(addresses.map(asSocketsSay));
    this.#now = now;
  }

  /** Through a floating address. */
  get count(): number {
    return this.#open.size;
  }

  /** For how long the oldest request through a floating address waits for its answer. A long poll is answered whenever that is wanted. */
  get slowestMs(): number {
    let since = this.#now();
    for (const { askedSinceMs, throughAddress } of this.#used.values())
      if (throughAddress && askedSinceMs !== null && askedSinceMs < since) since = askedSinceMs;
    return Math.round(this.#now() - since);
  }

  /** On a listener for IPv6 too, IPv4 addresses come with a prefix. */
  has(socket: Socket | null): boolean {
    const here = socket?.localAddress?.replace(/^::ffff:/, '');
    return here !== undefined && this.#addresses.has(here);
  }

  /** Every connection, before its handshake. */
  opened(socket: Socket): void {
    if (!this.has(socket)) return;
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** The same, behind its handshake. */
  secured(socket: Socket): void {
    const throughAddress = this.has(socket);
    const idle = { underWay: 0, askedSinceMs: null, idleSinceMs: this.#now() };
    this.#used.set(socket, { ...idle, polls: false, throughAddress });
    socket.once('close', () => this.#used.delete(socket));
  }

  began(socket: Socket, url: string): void {
    const use = this.#used.get(socket);
    if (use === undefined) return;
    use.underWay++;
    use.polls = isLongPoll(url);
    if (!use.polls) use.askedSinceMs ??= this.#now();
  }

  ended(socket: Socket): void {
    const use = this.#used.get(socket);
    if (use === undefined) return;
    Object.assign(use, {
      underWay: use.underWay - 1,
      askedSinceMs: null,
      idleSinceMs: this.#now(),
    });
  }

  /** Whenever the address is about to leave, or this front to end, until the signal. */
  async endIdle(routing: Routing, signal: AbortSignal): Promise<void> {
    const someMustEnd = () => routing.mustEnd(true);
    while (!signal.aborted) {
      if (!someMustEnd()) await routing.changes.next(NO_LIMIT_MS, signal);
      for (; someMustEnd() && !signal.aborted; await sleep(LOOK_EVERY_MS)) {
        // Behind a turn that took long, who looks idle may have asked already: it is read before the second of these.
        await turn();
        await turn();
        this.#endIdle(routing);
      }
    }
  }

  #endIdle(routing: Routing): void {
    const now = this.#now();
    const isIdle = ({ underWay, idleSinceMs, polls }: Use) =>
      underWay === 0 && now - idleSinceMs >= (polls ? POLLER_IDLE_MS : IDLE_MS);
    for (const [socket, use] of this.#used)
      if (routing.mustEnd(use.throughAddress) && isIdle(use)) socket.end();
  }
}

/** However the operator spells it. */
function asSocketsSay(address: string): string {
  return new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' }).address;
}
