import { NAMES, type Store } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Process } from './process.ts';

/** Patroni's leader key, and the lease under which one site takes and keeps it (dcs/etcd3.py). */
export class LeaderKey {
  readonly #process: Process;
  #lease: string;
  #leases = 0;

  constructor(process: Process) {
    this.#process = process;
    this.#lease = `${process.site}-0`;
  }

  /** A Patroni that has just started has another lease than the one before it. */
  begin(): void {
    const { etcd, world } = this.#process;
    etcd.store.grant(this.#next(), world.time.now);
  }

  /** The lease is refreshed whatever became of the key; one that is gone is replaced. */
  prolong(store: Store): void {
    const { site, world } = this.#process;
    const { now } = world.time;
    if (!store.refresh(this.#lease, now)) store.grant(this.#next(), now);
    const member = NAMES.patroniMember(site);
    if (store.get(member)?.lease !== this.#lease) store.put(member, {}, this.#lease);
  }

  /**
   * `_update_leader`: whether the key is still ours is only looked at under a new lease; and then one that
   * is vacant is taken, by whoever had it when the loop began. Null where etcd does not say.
   */
  update(cluster: Cluster, then: (held: boolean | null) => void): void {
    this.#process.looping = true;
    this.#process.ask(
      (store) => {
        this.prolong(store);
        const held = cluster.leader?.lease === this.#lease || this.#takeWithNewLease(store);
        if (held && this.#process.world.failsafe) this.#writeFailsafe(store);
        return held;
      },
      (held) => {
        this.#process.looping = false;
        then(held);
      },
    );
  }

  /** Where it is vacant. Whoever has it carries out the wish that stands. */
  acquire(cluster: Cluster, then: (won: boolean | null) => void): void {
    this.#process.ask((store) => {
      const compare = [{ key: NAMES.patroniLeader, revision: 0 }];
      const key = { put: NAMES.patroniLeader, value: this.#process.site, lease: this.#lease };
      const won = store.transact({ compare, change: [key] });
      if (won && cluster.failover !== null) store.put(NAMES.patroniFailover, {});
      return won;
    }, then);
  }

  /** All members that are there. */
  #writeFailsafe(store: Store): void {
    const { sites } = this.#process.world;
    const there = sites.filter((site) => store.get(NAMES.patroniMember(site)) !== undefined);
    const value = Object.fromEntries(there.map((site) => [site, `https://${site}`]));
    const known = Object.keys((store.get(NAMES.patroniFailsafe)?.json ?? {}) as object);
    if (known.join() !== there.join()) store.put(NAMES.patroniFailsafe, value);
  }

  giveBack(then: () => void = () => {}): void {
    this.#process.ask((store) => {
      const compare = [{ key: NAMES.patroniLeader, text: this.#process.site }];
      return store.transact({ compare, change: [{ remove: NAMES.patroniLeader }] });
    }, then);
  }

  #takeWithNewLease(store: Store): boolean {
    const { site } = this.#process;
    const put = { put: NAMES.patroniLeader, value: site, lease: this.#lease };
    const own = [{ key: NAMES.patroniLeader, text: site }];
    const vacant = [{ key: NAMES.patroniLeader, revision: 0 }];
    return (
      store.transact({ compare: own, change: [put] }) ||
      store.transact({ compare: vacant, change: [put] })
    );
  }

  #next(): string {
    this.#lease = `${this.#process.site}-${++this.#leases}.${this.#process.life}`;
    return this.#lease;
  }
}
