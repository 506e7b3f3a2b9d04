import type { Site } from '../view.ts';
import type { Cluster } from './cluster.ts';
import { type Drill, drillsOf, ORDER, orderedAt, orderedTo } from './drills.ts';
import type { Invariants } from './invariants.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 500;

/** Breaks one thing at the active site of a cluster that is whole, and looks whether what has to come of it does. */
export class Drilling {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #check: Invariants;

  constructor(world: World, cluster: Cluster, check: Invariants) {
    [this.#world, this.#cluster, this.#check] = [world, cluster, check];
  }

  /** One that is drawn from those that can be here and now; returns its name. */
  run(): string {
    const { time, random, note } = this.#world;
    const active = primaryOf(this.#cluster.etcd.store)!;
    const [mayMove, mayGoOn] = [this.#isSettled(active), this.#mayGoOn(active)];
    const able = drillsOf(this.#world).filter(
      ({ planned, byLeave }) => (mayMove || !planned) && (mayGoOn || !byLeave),
    );
    const drill = random.pick(able);
    note(`drill: ${drill.name} at ${active}`);
    this.#check.beginCounting();
    const hasMoved = this.#moved(drill, active);
    const [from, { term }] = [time.now, this.#lead];
    drill.begin(this.#world, this.#cluster, active, drill.withinMs);
    const { expected, withinMs } = drill;
    while (time.now - from < withinMs && this.#check.broken === null) {
      time.runUntil(time.now + LOOK_EVERY_MS);
      this.#check.honesty.look(this.#cluster);
      const stays = this.#lead.term === term && this.#lead.primary === active;
      if (expected === 'stays' && !stays) this.#fail(drill, 'the lead moves');
    }
    if (expected !== 'stays' && !hasMoved()) this.#fail(drill, 'it does not move in time');
    this.#compareGaps(drill);
    return drill.name;
  }

  get #lead() {
    const { store } = this.#cluster.etcd;
    const { leader, address } = store.view();
    return {
      primary: primaryOf(store),
      site: leader.site,
      term: leader.revision,
      address: address.site,
    };
  }

  /** Whether what a drill expects to move has moved. */
  #moved({ expected }: Drill, active: Site): () => boolean {
    const { agents, servers } = this.#cluster;
    const asked = agents.get(orderedAt(this.#world))!;
    return () => {
      const { site, address } = this.#lead;
      if (expected === 'stays') return false;
      if (expected === 'address moves')
        return address !== null && address !== active && site === active;
      const opened = site !== null && site !== active && servers.get(site)!.open;
      if (expected === 'as ordered')
        return (
          opened &&
          site === orderedTo(this.#world, active) &&
          asked.answers.get(ORDER)?.accepted === true
        );
      return opened && address === site;
    };
  }

  #compareGaps(drill: Drill): void {
    const { acknowledged, address } = this.#check;
    const gapMs = Math.max(acknowledged.gapMs, this.#world.time.now - acknowledged.lastAt);
    if (gapMs > drill.writeGapMs) this.#fail(drill, `no write for ${Math.round(gapMs)} ms`);
    if (address.gapMs > drill.addressGapMs)
      this.#fail(drill, `no address for ${Math.round(address.gapMs)} ms`);
  }

  #fail({ name }: Drill, what: string): void {
    this.#check.verdict.fail(`drill, ${name}: ${what}`);
  }

  #mayGoOn(active: Site): boolean {
    const { agents } = this.#cluster;
    const others = this.#world.sites.filter((site) => site !== active);
    return others.every((site) => !agents.get(site)!.isPromoting);
  }

  /** Nobody has to prove himself. */
  #isSettled(active: Site): boolean {
    const { etcd, agents } = this.#cluster;
    const { sites } = etcd.store.view();
    const { moves, unwell } = agents.get(active)!.state;
    const proven = this.#world.sites.every((site) => {
      const { heldDown = true, unstable = 1 } = sites[site]?.report ?? {};
      return !heldDown && unstable === 0;
    });
    return proven && moves.count === 0 && unwell.debtMs === 0;
  }
}
