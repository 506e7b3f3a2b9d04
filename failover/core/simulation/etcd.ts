import { Endpoints } from '../endpoints.ts';
import type { WatchInput } from '../inputs.ts';
import type { Site } from '../view.ts';
import { EtcdMembership } from './etcd-membership.ts';
import { LeaseClaims } from './lease-claims.ts';
import { CLUSTER_ID, NAMES, Store } from './store.ts';
import type { World } from './world.ts';

export type Answer<T> = { ok: true; value: T } | { ok: false; reason: string };

interface Request<T> {
  from: Site;
  /** Patroni is pinned to its own site's member; our agent goes round. */
  pinned?: boolean;
  /** It may stand in a queue, and be carried out when whoever asked has given up. */
  mayBeLate?: boolean;
  deadlineMs: number;
  apply: (store: Store) => T;
  answer: (answer: Answer<T>) => void;
}

const ELECTION_MS = 1_000;
const EXPIRY_EVERY_MS = 500;

/** Its members, who of them leads, and how long a question takes; what it holds is the store's. */
export class Etcd {
  readonly store = new Store();
  readonly #world: World;
  readonly #frozenUntil = new Map<Site, number>();
  readonly #dead = new Set<Site>();
  readonly #hidden = new Set<Site>();
  readonly #ways = new Map<string, Endpoints>();
  readonly #watchers: [Site, (input: WatchInput) => void][] = [];
  readonly #waiting: [Site, () => void][] = [];
  readonly #claims: LeaseClaims;
  readonly #changed: (keys: readonly string[]) => void;
  /** Null where nobody is removed or taken in: then no story has anything of it. */
  readonly membership: EtcdMembership | null;
  #leader: Site | null;
  #electing = false;
  /** Whose member goes on by itself, since the others were given up (`farol promote`). */
  #alone: Site | null = null;

  constructor(
    world: World,
    fail: (why: string) => void,
    changed: (keys: readonly string[]) => void,
  ) {
    [this.#world, this.#changed] = [world, changed];
    this.#claims = new LeaseClaims(world, fail);
    const { members, time, alone } = world;
    this.#leader = members.at(-1)!;
    const around = {
      leader: () => this.#leader,
      working: () => this.#working(),
      runs: (member: Site) => this.#runs(member),
      linked: (a: Site, b: Site) => this.#linked(a, b),
      leaderEnded: () => {
        this.#leader = null;
      },
      forked: fail,
    };
    this.membership = alone ? new EtcdMembership(world, around) : null;
    time.after(EXPIRY_EVERY_MS, () => this.#expire());
  }

  get leader(): Site | null {
    return this.#leader;
  }

  moveLeader(to: Site): void {
    if (this.#runs(to) && this.#hasMajority(to)) this.#leader = to;
  }

  /** It starts as the only member, with all of its log: of two, that is all that was ever decided. */
  goOnAlone(member: Site, apply: (store: Store) => void): void {
    const { time } = this.#world;
    [this.#alone, this.#leader] = [member, member];
    this.store.restartLeases(time.now + ELECTION_MS);
    this.change(apply);
  }

  /** Who was given up is a member again. */
  takeInAnew(): void {
    this.#alone = null;
  }

  freeze(member: Site, forMs: number): void {
    this.#frozenUntil.set(member, this.#world.time.now + forMs);
  }

  kill(member: Site): void {
    this.#dead.add(member);
  }

  revive(member: Site): void {
    this.#dead.delete(member);
  }

  /** What this site asks is lost, and it is told nothing: its way to all members alone is cut. */
  hide(site: Site): void {
    this.#hidden.add(site);
  }

  show(site: Site): void {
    this.#hidden.delete(site);
  }

  onChange(site: Site, tell: (input: WatchInput) => void): void {
    this.#watchers.push([site, tell]);
  }

  /** Patroni waits for a change of its leader key. */
  onLeaderKey(site: Site, wake: () => void): void {
    this.#waiting.push([site, wake]);
  }

  /** As somebody with etcdctl does it: at once, and every watch shows it. */
  change(apply: (store: Store) => void): void {
    apply(this.store);
    this.#tellAll();
  }

  request<T>({ from, pinned, mayBeLate, deadlineMs, apply, answer }: Request<T>): void {
    const { time, network, random, members } = this.#world;
    const attempt = pinned ? null : this.#wayOf(from).take();
    const own = Math.max(members.indexOf(from), 0);
    const nearest = members[(own + (attempt?.member ?? 0)) % members.length]!;
    const endpoint = pinned ? this.#pinnedTo(nearest) : nearest;
    let over = false;
    const end = (result: Answer<T>): void => {
      if (over) return;
      over = true;
      if (result.ok) attempt?.answered();
      else attempt?.failed();
      answer(result);
    };
    time.after(deadlineMs, () => end({ ok: false, reason: `${endpoint} did not answer in time` }));
    if (this.#hidden.has(from)) return;
    if (!network.reaches(from, endpoint) || random.chance(network.lossBetween(from, endpoint)))
      return;
    const queuedMs = mayBeLate ? this.#lateness() : 0;
    const arrival = 2 * network.delay(from, endpoint) + this.#slowness() + queuedMs;
    time.after(arrival, () => this.#serve({ from, endpoint, apply, end }, 0));
  }

  /** Another one where that of the own site is no member any more, or only listens (docs/going-alone.md). */
  #pinnedTo(own: Site): Site {
    const { membership } = this;
    return membership === null || membership.serves(own) ? own : (membership.aVoter ?? own);
  }

  #wayOf(machine: string): Endpoints {
    const { members, time } = this.#world;
    const way = this.#ways.get(machine) ?? new Endpoints(members.length, () => time.now);
    this.#ways.set(machine, way);
    return way;
  }

  #serve<T>(
    question: {
      from: Site;
      endpoint: Site;
      apply: (store: Store) => T;
      end: (answer: Answer<T>) => void;
    },
    tries: number,
  ): void {
    const { from, endpoint, apply, end } = question;
    const { time, network, random } = this.#world;
    if (!this.#runs(endpoint)) {
      const refuses = this.#dead.has(endpoint) || this.membership?.starts.runs(endpoint) === false;
      if (network.isOn(endpoint) && refuses) end({ ok: false, reason: 'refused' });
      return;
    }
    if (this.#alone !== null && this.#alone !== endpoint) {
      end({ ok: false, reason: 'it was removed, and ends' });
      return;
    }
    if (this.membership?.serves(endpoint) === false) {
      end({ ok: false, reason: 'rpc not supported for learner' });
      return;
    }
    const serving = this.#working();
    if (serving === null || !this.#linked(endpoint, serving)) {
      // etcd keeps the request and may carry it out long after the client has given up.
      if (tries < 10) time.after(300, () => this.#serve(question, tries + 1));
      return;
    }
    const value = apply(this.store);
    this.#tellAll();
    if (!network.reaches(endpoint, from) || random.chance(network.lossBetween(endpoint, from)))
      return;
    const delay = network.delay(endpoint, from) + this.#slowness();
    time.after(delay, () => end({ ok: true, value }));
  }

  #slowness(): number {
    const { random, network } = this.#world;
    return random.chance(network.lossRate) ? random.between(100, 3_000) : 0;
  }

  /** Longer than agents wait for, and as long as it takes another site to have seen and done something. */
  #lateness(): number {
    const { random, network } = this.#world;
    const isLate = network.lateRate > 0 && random.chance(network.lateRate);
    return isLate ? random.between(300, 4_000) : 0;
  }

  #runs(member: Site): boolean {
    const { network, time } = this.#world;
    const frozen = (this.#frozenUntil.get(member) ?? 0) > time.now;
    const started = this.membership?.starts.runs(member) ?? true;
    return network.isOn(member) && !this.#dead.has(member) && !frozen && started;
  }

  #linked(a: Site, b: Site): boolean {
    const { network } = this.#world;
    return this.#runs(a) && this.#runs(b) && network.links(a, b);
  }

  #hasMajority(member: Site): boolean {
    const { members } = this.#world;
    if (this.membership !== null) return this.membership.hasMajority(member);
    if (this.#alone !== null) return member === this.#alone && this.#runs(member);
    return 2 * members.filter((other) => this.#linked(member, other)).length > members.length;
  }

  #working(): Site | null {
    if (this.#leader !== null && !this.#hasMajority(this.#leader)) this.#leader = null;
    if (this.#leader === null) this.#wantElection();
    return this.#leader;
  }

  #wantElection(): void {
    if (this.#electing) return;
    this.#electing = true;
    const { time, random } = this.#world;
    time.after(random.between(ELECTION_MS, 2 * ELECTION_MS), () => this.#elect());
  }

  #elect(): void {
    const { members, random, time } = this.#world;
    this.#electing = false;
    const { membership } = this;
    const able = members.filter(
      (member) => membership?.mayBeElected(member) ?? this.#hasMajority(member),
    );
    if (able.length === 0) this.#wantElection();
    else {
      this.#leader = random.pick(able);
      membership?.elected(this.#leader);
      this.store.restartLeases(time.now + ELECTION_MS);
    }
  }

  #expire(): void {
    const { time } = this.#world;
    time.after(EXPIRY_EVERY_MS, () => this.#expire());
    this.membership?.lookForForks();
    if (this.#working() === null) return;
    this.store.expire(time.now);
    this.#tellAll();
  }

  /** Every pulse is a change; to read after each would only cost simulated time. */
  #tellAll(): void {
    const changed = this.store.takeChanged();
    if (changed.length === 0) return;
    this.membership?.commit();
    this.#claims.look(this.store, changed);
    this.#changed(changed);
    for (const key of changed) {
      if (!key.startsWith(NAMES.sites)) continue;
      const site = key.slice(NAMES.sites.length);
      const { revision } = this.store;
      this.#tell({ kind: 'pulse-seen', clusterId: CLUSTER_ID, site, revision });
    }
    if (changed.includes(NAMES.patroniLeader))
      for (const [site, wake] of this.#waiting)
        if (!this.#hidden.has(site) && this.#isShown(site)) wake();
    const onlyPulse = changed.every((key) => key.startsWith(NAMES.sites));
    if (!onlyPulse || this.#world.random.chance(0.1)) this.#tell({ kind: 'hint' });
  }

  /** By its own site's member, or, where that serves nobody, by the leader. */
  #isShown(site: Site): boolean {
    if (this.#leader === null) return false;
    if (this.membership?.serves(site) !== false) return this.#linked(site, this.#leader);
    return this.#world.network.links(site, this.#leader);
  }

  #tell(input: WatchInput): void {
    const { time, random, network } = this.#world;
    for (const [site, tell] of this.#watchers) {
      // A member that is cut off from the leader is told nothing, and so shows nothing.
      if (this.#hidden.has(site) || !this.#isShown(site) || random.chance(network.watchLossRate))
        continue;
      time.after(random.between(2, 30), () => tell(input));
    }
  }
}
