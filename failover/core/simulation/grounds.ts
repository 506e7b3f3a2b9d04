import { leaseKey } from '../etcd/transactions.ts';
import type { Lease } from '../inputs.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import type { Acknowledged } from './acknowledged.ts';
import type { AgentHost } from './agent/agent-host.ts';
import type { Cluster } from './cluster.ts';
import { holderOf } from './lease-claims.ts';
import { isPrefix, type Postgres } from './postgres.ts';
import type { Acknowledgement, Server } from './server.ts';
import { NAMES, primaryOf, type Store } from './store.ts';
import type { Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** What its holder may use of a lease, from when its pulse left (D8). */
const TERM_MS: Readonly<Record<Lease, number>> = {
  leader: TIMINGS.leaderLeaseMs - TIMINGS.leaderMarginMs,
  address: TIMINGS.addressLeaseMs - TIMINGS.addressMarginMs,
};
/** What a machine's clock counts at least of a true second (`makeWorld`). */
const SLOWEST = 0.99;
/** What such a clock may lag in all of the time for which Patroni's key is good, and etcd's whole seconds do not hide. */
const LAG_MS = 250;

type Around = Pick<Cluster, 'etcd' | 'postgreses' | 'servers'>;

/**
 * What a right rests upon, asked of etcd and of the databases themselves when it is given. The other invariants see harm, for which faults have
 * to meet; these see that it would have been possible.
 */
export class Grounds {
  readonly #world: World;
  readonly #verdict: Verdict;
  readonly #acknowledged: Acknowledged;
  readonly #around: Around;
  /** In true time, by lease and site: the last pulse or claim that etcd took. */
  readonly #renewedAt = new Map<string, number>();
  #primary: { readonly site: Site; readonly lease: string | null } | null = null;
  #given = 0;
  #noted = '';

  constructor(world: World, verdict: Verdict, acknowledged: Acknowledged, around: Around) {
    [this.#world, this.#verdict] = [world, verdict];
    [this.#acknowledged, this.#around] = [acknowledged, around];
  }

  /** After each transaction, with the keys that it changed. */
  look(changed: readonly string[]): void {
    this.#noteRenewals(changed);
    const isByHand = changed.some((key) => key.startsWith(NAMES.recoveries));
    if (changed.includes(NAMES.patroniLeader)) this.#lookWhoLeads(changed, isByHand);
    if (isByHand) return;
    if (changed.includes(NAMES.patroniFailover)) this.#lookWhoIsNamed();
    if (changed.includes(NAMES.timelines)) this.#lookAtTimelines();
  }

  /** A server was told until when it may answer: no longer than what etcd has taken of its site allows, and its timeline is noted. */
  told(server: Server, database: Postgres): void {
    const { site } = server;
    if (!server.open || this.#isExcused(site)) return;
    const leftMs = server.deadline - this.#world.clock(site);
    if (leftMs > this.#leftMs('leader', site))
      this.#verdict.fail(`D8: ${site} may answer beyond its lease`);
    const { lease } = this.#store.get(NAMES.patroniLeader) ?? {};
    const keyMs = lease == null ? null : this.#store.leaseLeftMs(lease, this.#world.time.now);
    const isOwn = primaryOf(this.#store) === site && keyMs !== null;
    if (isOwn && leftMs > keyMs + 1_000 - TIMINGS.patroniMarginMs + LAG_MS)
      this.#verdict.fail(`D8: ${site} may answer beyond Patroni's key`);
    const noted = this.#store.view().timelines?.acknowledging;
    if (noted?.site !== site || noted.timeline !== database.timeline)
      this.#verdict.fail(`I2: ${site} may answer on timeline ${database.timeline}, not noted`);
  }

  /** Somebody is told that a write is done, which he was not told before: where three sites are, two have it. */
  acknowledges({ id, read, site }: Acknowledgement): void {
    const { strict, alone } = this.#world;
    if (read || !strict || alone || this.#acknowledged.has(id)) return;
    const others = [...this.#around.postgreses.values()].filter((other) => other.site !== site);
    if (!others.some(({ wal }) => wal.findLast(({ requests }) => requests.includes(id))))
      this.#verdict.fail(`I2: ${site} acknowledges ${id}, which no other site has`);
  }

  /** Whom an operator promoted may lack what he accepted as lost. */
  promoted(database: Postgres): void {
    const vouched = this.#store.get(NAMES.vouched)?.json as { unless?: unknown } | undefined;
    if (database.wal.length === 0 || vouched?.unless !== undefined) return;
    this.#mustHaveAll(database.site, 'is promoted');
  }

  /** The kernel keeps the address no longer than what etcd has taken of the site allows. */
  carries({ host, site, addressUntil }: AgentHost): void {
    if (addressUntil === null || host !== site || this.#isExcused(site)) return;
    if (addressUntil - this.#world.time.now > this.#leftMs('address', site) / SLOWEST)
      this.#verdict.fail(`D9: ${site} has the address beyond its lease`);
  }

  get #store(): Store {
    return this.#around.etcd.store;
  }

  /** With leave of the others it goes on without etcd; whose clock stood does not know how late it is. */
  #isExcused(site: Site): boolean {
    const { failsafe, alone, clockStood } = this.#world;
    return failsafe || alone || clockStood(site, TIMINGS.leaderLeaseMs);
  }

  #noteRenewals(changed: readonly string[]): void {
    for (const lease of ['leader', 'address'] as const) {
      const site = holderOf(this.#store, lease);
      if (site == null) continue;
      if (changed.includes(leaseKey(NAMES, lease)) || changed.includes(NAMES.sites + site))
        this.#renewedAt.set(`${lease} ${site}`, this.#world.time.now);
    }
  }

  /** By the site's own clock, be it as slow as it may. */
  #leftMs(lease: Lease, site: Site): number {
    const at = this.#renewedAt.get(`${lease} ${site}`) ?? Number.NEGATIVE_INFINITY;
    return TERM_MS[lease] - SLOWEST * (this.#world.time.now - at) + 1;
  }

  #lookWhoLeads(changed: readonly string[], isByHand: boolean): void {
    const before = this.#primary;
    const site = primaryOf(this.#store);
    const lease = this.#store.get(NAMES.patroniLeader)?.lease ?? null;
    this.#primary = site === null ? null : { site, lease };
    if (before !== null && before.site !== site) this.#mustNotAnswer(before, site, changed);
    const vouches = changed.includes(NAMES.vouched) && !isByHand;
    if (site === null || !vouches) return;
    this.#mustHaveAll(site, 'is vouched for');
    const { postgreses } = this.#around;
    const source = before === null ? undefined : postgreses.get(before.site);
    if (!changed.includes(NAMES.patroniFailover) || source === undefined) return;
    if (source.accepts || !isPrefix(source.wal, postgreses.get(site)!.wal))
      this.#verdict.fail(`I2: ${source.site} hands over to ${site}, which lacks something`);
  }

  /** Who had Patroni's key until it ran out, or until another site took it, as which hands over does not. */
  #mustNotAnswer(
    { site, lease }: { readonly site: Site; readonly lease: string | null },
    next: Site | null,
    changed: readonly string[],
  ): void {
    const hasRunOut = lease !== null && this.#store.leaseLeftMs(lease, 0) === null;
    const isTaken = next !== null && !changed.includes(NAMES.patroniFailover);
    if (!(hasRunOut || isTaken) || this.#isExcused(site)) return;
    if (this.#around.servers.get(site)!.open)
      this.#verdict.fail(`I1: ${site} may answer, and has lost Patroni's key`);
  }

  /** Without votes, where the one who named it did not say from whom. */
  #lookWhoIsNamed(): void {
    const wish = this.#store.get(NAMES.patroniFailover)?.json as
      | { readonly leader?: unknown; readonly member?: unknown }
      | undefined;
    const member = wish?.member;
    if (wish?.leader === undefined && typeof member === 'string')
      this.#mustHaveAll(member, 'is named');
  }

  #lookAtTimelines(): void {
    const known = this.#store.view().timelines;
    if (known === null) return;
    const leads = primaryOf(this.#store);
    const last = known.promotions.at(-1);
    if (known.given < this.#given) this.#verdict.fail(`${this.#given} could be given once more`);
    if (known.given > this.#given && last !== undefined && last.site !== leads)
      this.#verdict.fail(`${last.site} is given a timeline, and ${leads} has Patroni's key`);
    this.#given = known.given;
    const noted = JSON.stringify(known.acknowledging);
    const { site, timeline } = known.acknowledging ?? {};
    if (site === undefined || timeline === undefined || noted === this.#noted) return;
    this.#noted = noted;
    if (site !== leads || holderOf(this.#store, 'leader') !== site)
      this.#verdict.fail(`${site} notes timeline ${timeline} and does not lead`);
    if (!this.#around.postgreses.get(site)!.chain.includes(timeline))
      this.#verdict.fail(`${site} notes timeline ${timeline}, which it is not on`);
    this.#mustHaveAll(site, 'notes its timeline');
  }

  #mustHaveAll(site: Site, what: string): void {
    const database = this.#around.postgreses.get(site);
    const missing = database && this.#acknowledged.missingIn(database);
    if (missing !== undefined) this.#verdict.fail(`I2: ${site} ${what} without ${missing}`);
  }
}
