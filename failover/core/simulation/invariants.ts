import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import { Acknowledged } from './acknowledged.ts';
import { AddressMoves } from './address-moves.ts';
import type { Cluster } from './cluster.ts';
import { Honesty } from './honesty.ts';
import type { Server } from './server.ts';
import { primaryOf } from './store.ts';
import { Verdict } from './verdict.ts';
import type { World } from './world.ts';

const SERVED_WITHIN_MS = 1_500;
const { leaderLeaseMs } = TIMINGS;

/** What must hold in every run, and that everything is well in the end. */
export class Invariants {
  readonly verdict: Verdict;
  readonly acknowledged: Acknowledged;
  readonly address: AddressMoves;
  readonly honesty: Honesty;
  readonly terms = new Set<number>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.verdict = new Verdict(world);
    this.acknowledged = new Acknowledged(world, this.verdict);
    this.address = new AddressMoves(world, this.verdict);
    this.honesty = new Honesty(world, this.verdict);
  }

  get broken(): string | null {
    return this.verdict.broken;
  }

  /** From here on address moves and gaps count. */
  beginCounting(): void {
    this.acknowledged.beginCounting();
    this.address.beginCounting();
  }

  opened(epoch: number): void {
    if (this.terms.has(epoch)) this.verdict.fail(`two writers with epoch ${epoch}`);
    this.terms.add(epoch);
  }

  /** Never two servers that could answer, whatever they answer. `named`: by etcd, as the leader. */
  deadlines(servers: Iterable<Server>, named: Site | null | undefined): void {
    const { clockStood } = this.#world;
    const open = [...servers].filter(
      ({ open, site }) => open && (site === named || !clockStood(site, leaderLeaseMs)),
    );
    if (open.length > 1)
      this.verdict.fail(`I1: ${open.map(({ site }) => site).join()} could both answer`);
  }

  /** Writer, leader and address at one site, and clients served by it since a moment ago. */
  well({ agents, servers, etcd: { store } }: Cluster): boolean {
    const { leader, address } = store.view();
    const { site } = leader;
    if (site === null || address.site !== site) return false;
    if (primaryOf(store) !== site || !agents.get(site)!.hasAddress) return false;
    const servedMs = this.#world.time.now - this.acknowledged.lastAt;
    return servers.get(site)!.report().role === 'writer' && servedMs < SERVED_WITHIN_MS;
  }

  finish({ postgreses, etcd: { store } }: Cluster): void {
    this.acknowledged.finish(postgreses.get(store.view().leader.site!)!);
  }
}
