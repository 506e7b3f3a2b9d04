import { networkOf } from '../../networks.ts';

/** Open at once from one network: other agents keep two each. */
const AT_ONCE_OF_ONE_MAX = 8;
/** A handshake takes this agent's own thread 2 to 3 ms, beside its leases. An agent keeps its connections, and opens a new one for each question that hangs. */
const A_SECOND_OF_ONE_MAX = 12;
const A_SECOND_MAX = 24;
const SITES_MAX = 64;

/** Who comes to the port of the agents: bounded by network in number and pace, and strangers together in pace. */
export class Comers {
  readonly #now: () => number;
  readonly #open = new Map<string, number>();
  /** Networks from which somebody has shown the certificate of another site. */
  readonly #sites = new Set<string>();
  #came = new Map<string, number>();
  #strangers = 0;
  #second = Number.NaN;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this one may begin; in either case it `goes` later. */
  comes(address: string): boolean {
    const network = networkOf(address);
    const open = (this.#open.get(network) ?? 0) + 1;
    this.#open.set(network, open);
    this.#count();
    const came = (this.#came.get(network) ?? 0) + 1;
    this.#came.set(network, came);
    if (open > AT_ONCE_OF_ONE_MAX || came > A_SECOND_OF_ONE_MAX) return false;
    if (this.#sites.has(network)) return true;
    this.#strangers += 1;
    return this.#strangers <= A_SECOND_MAX;
  }

  goes(address: string): void {
    const network = networkOf(address);
    const left = (this.#open.get(network) ?? 1) - 1;
    if (left > 0) this.#open.set(network, left);
    else this.#open.delete(network);
  }

  /** Strangers, however many, do not keep it out. */
  isSite(address: string): void {
    if (this.#sites.size < SITES_MAX) this.#sites.add(networkOf(address));
  }

  #count(): void {
    const second = Math.floor(this.#now() / 1_000);
    if (second === this.#second) return;
    this.#second = second;
    this.#strangers = 0;
    this.#came = new Map();
  }
}
