import type { Site } from '../view.ts';
import type { Cluster } from './cluster.ts';
import { Drilling } from './drilling.ts';
import type { Invariants } from './invariants.ts';
import { isPrefix, type Postgres } from './postgres.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

/** A copy that follows nobody is cloned anew after a minute, which may take one more; and the third site behind it. */
const AT_REST_WITHIN_MS = 180_000;
/** By then everybody has heard of everybody: two pulses and a half. */
const HEARD_WITHIN_MS = 2_000;
const STILL_FOR_MS = 6_000;
const LOOK_EVERY_MS = 500;
/** What clients write at this moment is on its way to the standbys. */
const ON_ITS_WAY = 2;

/**
 * What safety alone does not ask for: with everything mended all becomes whole, and then still; and it has lost nothing of what it is there
 * for: one more thing breaks, by the seed, and what is said of that in docs/faults.md happens in time.
 */
export class Rest {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #check: Invariants;

  constructor(world: World, cluster: Cluster, check: Invariants) {
    [this.#world, this.#cluster, this.#check] = [world, cluster, check];
  }

  run(): void {
    const { network } = this.#world;
    [network.lossRate, network.watchLossRate] = [0, 0];
    this.#comeToRest('mending');
    if (this.#check.broken !== null) return;
    const name = new Drilling(this.#world, this.#cluster, this.#check).run();
    if (this.#check.broken !== null) return;
    this.#comeToRest(name);
  }

  /** A move that was put off until now may still come, and then it is at rest later. */
  #comeToRest(after: string): void {
    const { time } = this.#world;
    const until = time.now + AT_REST_WITHIN_MS;
    let [since, written, why] = [time.now, this.#written, ''];
    while (time.now - since < HEARD_WITHIN_MS + STILL_FOR_MS && this.#check.broken === null) {
      const lacking = this.#lacking() ?? this.#stirring(written, time.now - since);
      if (lacking !== null) [since, written, why] = [time.now, this.#written, lacking];
      if (time.now > until)
        this.#check.verdict.fail(`not at rest ${AT_REST_WITHIN_MS} ms after ${after}: ${why}`);
      time.runUntil(time.now + LOOK_EVERY_MS);
      this.#check.honesty.look(this.#cluster);
    }
  }

  /** Nobody writes into etcd but his sign of life, and whoever is asked says how it is. */
  #stirring(before: number, forMs: number): string | null {
    const { count, key } = this.#cluster.etcd.store.writtenBesidePulses;
    if (count > before) return `${key} is written`;
    return forMs < HEARD_WITHIN_MS ? null : this.#check.honesty.wrongAtRest(this.#cluster);
  }

  get #written(): number {
    return this.#cluster.etcd.store.writtenBesidePulses.count;
  }

  /** As a clause; null where all sites are there and can take over from each other. */
  #lacking(): string | null {
    const { etcd, agents } = this.#cluster;
    if (!this.#check.well(this.#cluster)) return 'it is not well';
    const primary = primaryOf(etcd.store)!;
    const { patroni, promises = {} } = etcd.store.view();
    const others = this.#world.sites.filter((site) => site !== primary);
    for (const site of others) {
      const why = this.#reasonNotFollowing(site, primary);
      if (why !== null) return `${site} ${why}`;
    }
    const { leader, standbys = [] } = patroni.sync ?? {};
    if (leader !== primary || standbys.length !== others.length) return '/sync does not name all';
    if (patroni.failover !== null) return 'a wish for a switchover stands';
    if (Object.values(promises).some(({ block }) => block !== null)) return 'a promise stands';
    const blocks = [...agents.values()].find(({ state }) => state.promising !== null);
    if (blocks !== undefined) return `${blocks.site} blocks another site`;
    return etcd.leader === primary ? "etcd's leader is at the active site" : null;
  }

  #reasonNotFollowing(site: Site, primary: Site): string | null {
    const { postgreses, patronis, agents } = this.#cluster;
    const [copy, source] = [postgreses.get(site)!, postgreses.get(primary)!];
    if (!agents.get(site)!.alive) return 'has no agent';
    if (patronis.get(site)!.state !== 'streaming') return 'does not stream';
    return follows(copy, source) ? null : 'lacks something';
  }
}

function follows(copy: Postgres, source: Postgres): boolean {
  const lacks = source.wal.length - copy.wal.length;
  return copy.follows === source.site && isPrefix(copy.wal, source.wal) && lacks <= ON_ITS_WAY;
}
