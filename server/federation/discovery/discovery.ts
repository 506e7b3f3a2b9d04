import { Lru } from '../../log/lru.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { type DiscoveryPorts, findServer, type Way } from './find-server.ts';
import type { WellKnown } from './well-known.ts';

const WAYS_MAX = 10_000;
/** Names may lead elsewhere at any time; of well-known responses their own time is kept beside. */
const FOUND_MS = 5 * 60_000;

export interface Peer {
  readonly host: string;
  readonly port: number;
}

/** The ways to servers, found once and kept for a while. */
export class Discovery {
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #ports: DiscoveryPorts;
  readonly #now: () => number;
  readonly #found = new Lru<ServerName, { way: Promise<Way>; untilMs: number }>(WAYS_MAX);

  /** `peers` by name: what the operator says goes before all discovery. */
  constructor(
    peers: ReadonlyMap<string, Peer>,
    ports: Omit<DiscoveryPorts, 'wellKnown'> & { wellKnown: WellKnown; now: () => number },
  ) {
    this.#peers = peers;
    this.#now = ports.now;
    this.#ports = {
      ...{ random: ports.random, wellKnown: (host) => ports.wellKnown.of(host) },
      // By the name itself it is mostly reached all the same.
      srv: (name) => ports.srv(name).catch(() => []),
    };
  }

  wayTo(name: ServerName): Promise<Way> {
    const peer = this.#peers.get(name);
    if (peer) return Promise.resolve(byTable(name, peer));
    const known = this.#found.get(name);
    if (known && this.#now() < known.untilMs) return known.way;
    const way = findServer(name, this.#ports);
    this.#found.set(name, { way, untilMs: this.#now() + FOUND_MS });
    way.catch(() => this.#found.delete(name));
    return way;
  }

  /** To be looked for anew: it led nowhere. */
  forget(name: ServerName): void {
    this.#found.delete(name);
  }
}

export const byTable = (name: ServerName, peer: Peer): Way => ({
  targets: [peer],
  certifiedName: name.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, ''),
  hostHeader: name,
  isByTable: true,
});
