import type { Standing } from '../election/votes.ts';
import type { Site } from '../view.ts';
import { awaitSource } from './before-copying.ts';
import type { Etcd } from './etcd.ts';
import { isHealthiest, type MemberStatus, membersOf, type SyncState } from './patroni-race.ts';
import { beforePromotion, namedSteps, quorumSteps, type SyncStep } from './patroni-sync.ts';
import { isPrefix, NOBODY_IS_ASKED, type Postgres, rewind } from './postgres.ts';
import { askToBePromoted, type Runner } from './pre-promote.ts';
import { NAMES, PATRONI_TTL_MS, primaryOf, type Store } from './store.ts';
import type { World } from './world.ts';

/** Patroni at its shortest timings: ttl 20, loop_wait 1, retry_timeout 3. */
const LOOP_MS = 1_000;
const RETRY_MS = 3_000;
const REST_MS = 2_000;
const PROMOTE_MS = 300;
/** It looks once a second whether PostgreSQL has been promoted; until then it does nothing else. */
const PROMOTION_SEEN_MS = 1_050;
const STOP_WITHIN_MS = 10_000;
const RELEASE_AFTER_MS = 1_000;
const RESTART_MS = 1_500;
/** wal_sender_timeout, or tcp_user_timeout and the next loop. */
const DROP_STANDBY_MS = 5_000;
const DISK_AGAIN_MS = 100;
const REWIND_MS = [500, 2_500] as const;
const CLONE_MS = [2_000, 9_000] as const;
/** A rewind or clone whose source says nothing more is given up. */
const SOURCE_SILENT_MS = 5_000;

export interface Peers {
  readonly patronis: () => ReadonlyMap<Site, Patroni>;
  readonly postgreses: () => ReadonlyMap<Site, Postgres>;
}

/** What one loop of Patroni sees of etcd. */
interface Cluster {
  readonly leader: { site: Site; lease: string | null } | null;
  readonly sync: SyncState;
  readonly failover: { from: Site | null; to: Site | null } | null;
  readonly timeline: number;
  readonly history: readonly unknown[][];
  readonly paused: boolean;
}

/**
 * One site's Patroni 4.0.7, as far as who leads depends on it: written from its sources (ha.py,
 * quorum.py, dcs/etcd3.py), and pinned by tests against the real one in test/cluster.
 */
export class Patroni {
  readonly site: Site;
  readonly #postgres: Postgres;
  readonly #etcd: Etcd;
  readonly #world: World;
  readonly #peers: Peers;
  #running = true;
  #frozenUntil = 0;
  #stopsInLoopUntil = 0;
  /** What waits until this Patroni is no longer frozen. */
  readonly #putOff: (() => void)[] = [];
  /** What takes long and is done one at a time: while it lasts only the lease is prolonged. */
  #busy: 'promoting' | 'stopping' | 'starting' | 'rewinding' | 'cloning' | 'assigning' | null =
    null;
  #looping = false;
  #heardAt = 0;
  #endedInOrder = false;
  #lease: string;
  #leases = 0;
  #promotedAt: number | null = null;
  #gaveUpAt = Number.NEGATIVE_INFINITY;
  /** Rises with each stop, so that what was under way before is forgotten. */
  #life = 0;
  #paused = false;
  #wantsClone = false;
  /** The machine has just started: nothing of its PostgreSQL runs. */
  #began = false;
  readonly #seenAt = new Map<Site, number>();

  constructor(postgres: Postgres, etcd: Etcd, world: World, peers: Peers) {
    this.site = postgres.site;
    [this.#postgres, this.#etcd, this.#world, this.#peers] = [postgres, etcd, world, peers];
    this.#lease = `${this.site}-0`;
    const { time, random } = world;
    const tick = (): void => {
      time.after(LOOP_MS * random.between(0.9, 1.1), tick);
      this.#loop();
    };
    time.after(random.between(0, LOOP_MS), tick);
    etcd.onLeaderKey(this.site, () => this.wake());
  }

  get frozen(): boolean {
    return !this.#works();
  }

  /** PostgreSQL was stopped for a switchover, and has not been started since: Patroni's own word. */
  get endedInOrder(): boolean {
    return this.#endedInOrder;
  }

  /** As GET /patroni says it. */
  get state(): string {
    if (this.#busy === 'cloning') return 'creating replica';
    if (this.#busy === 'stopping') return this.#postgres.up ? 'stopping' : 'stopped';
    if (!this.#postgres.up) return 'starting';
    return this.#streams() ? 'streaming' : 'running';
  }

  /** A walreceiver says `streaming` for as long as it takes to be refused, and begins again at once. */
  #streams(): boolean {
    if (this.#postgres.primary) return false;
    const primary = [...this.#peers.postgreses().values()].find((other) =>
      other.isFollowedBy(this.#postgres),
    );
    if (primary === undefined || !this.#hears(primary.site, true)) return false;
    return isTakenForTheOther(this.#postgres, primary) ? this.#world.random.chance(0.2) : true;
  }

  get role(): 'primary' | 'standby' {
    return this.#postgres.primary ? 'primary' : 'standby';
  }

  freeze(forMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#world.time.now + forMs);
  }

  /** Between reading that it leads and prolonging its key, if it does so within that time. */
  freezeInLoop(forMs: number): void {
    this.#stopsInLoopUntil = this.#world.time.now + forMs;
  }

  thaw(): void {
    this.#frozenUntil = this.#world.time.now;
    this.#goOn();
  }

  /** Power: everything of this site's Patroni and PostgreSQL stops, or begins again. */
  stop(): void {
    this.#end();
    this.#postgres.crash();
    this.#postgres.follows = null;
  }

  begin(): void {
    this.#start();
    this.#began = true;
    this.freeze(this.#world.random.between(500, 2_000));
  }

  /** Patroni alone ends and is started again: PostgreSQL goes on, and the next lease is another one. */
  restart(afterMs: number): void {
    // One that is being stopped ends by itself, and is started again by the next.
    if (this.#busy === 'stopping') this.#postgres.crash();
    this.#end();
    this.#world.time.after(afterMs, () => {
      if (!this.#running && this.#world.network.isOn(this.site)) this.#start();
    });
  }

  beginIfEnded(): void {
    if (!this.#running) this.begin();
  }

  crashPostgres(): void {
    this.#postgres.crash();
  }

  /** Clones this site's copy anew; one that is under way is begun again from nothing. */
  reinitialize(): void {
    const leader = primaryOf(this.#etcd.store);
    if (this.#postgres.primary || leader === null || leader === this.site) return;
    this.#wantsClone = true;
    if (this.#busy === 'cloning') this.#abandon();
  }

  switchover(to: Site, answer: (failure: string | null) => void): void {
    const { voters } = syncIn(this.#etcd.store);
    const { primary, up } = this.#postgres;
    const willing = voters.includes(to) && this.#hears(to) && !this.#paused;
    if (!this.#works() || this.#busy !== null || !primary || !up || !willing) {
      answer('it cannot be now');
      return;
    }
    this.#ask(
      (store) => store.put(NAMES.patroniFailover, { leader: this.site, member: to }),
      (written) => {
        if (written === null) answer('etcd does not answer');
        else {
          this.wake();
          this.#whileAlive(RELEASE_AFTER_MS + REST_MS, () => answer(null));
        }
      },
    );
  }

  /** The loop that a change in etcd or a colleague wakes. */
  wake(): void {
    const { time, random } = this.#world;
    time.after(random.between(5, 50), () => this.#loop());
  }

  // --- one loop ---

  #works(): boolean {
    const { network, time } = this.#world;
    return this.#running && network.isOn(this.site) && this.#frozenUntil <= time.now;
  }

  #loop(): void {
    if (!this.#works() || this.#looping) return;
    this.#looping = true;
    const sentAt = this.#world.time.now;
    this.#ask(
      (store) => {
        // Whoever leads prolongs its key in an act of its own, later.
        if (primaryOf(store) !== this.site) this.#prolong(store);
        return clusterIn(store);
      },
      (cluster) => {
        if (cluster?.leader?.site === this.site) this.#stopInLoop();
        this.#whenThawed(this.#life, () => this.#goOnWith(cluster, sentAt));
      },
    );
  }

  #stopInLoop(): void {
    this.freeze(this.#stopsInLoopUntil - this.#world.time.now);
    this.#stopsInLoopUntil = 0;
  }

  #goOnWith(cluster: Cluster | null, sentAt: number): void {
    this.#looping = false;
    if (cluster === null) this.#missEtcd();
    else {
      this.#heardAt = sentAt;
      this.#decide(cluster);
    }
  }

  /** dcs/etcd3.py: the lease is refreshed whatever became of the key; one that is gone is replaced. */
  #prolong(store: Store): void {
    const { now } = this.#world.time;
    if (!store.refresh(this.#lease, now)) {
      this.#lease = `${this.site}-${++this.#leases}.${this.#life}`;
      store.grant(this.#lease, now);
    }
    const member = NAMES.patroniMember(this.site);
    if (store.get(member)?.lease !== this.#lease) store.put(member, {}, this.#lease);
  }

  /**
   * dcs/etcd3.py, _update_leader: whether the key is still ours is only looked at under a new lease; and then one that
   * is vacant is taken, by whoever had it when the loop began.
   */
  #updateLock(cluster: Cluster, then: (held: boolean) => void): void {
    this.#looping = true;
    this.#ask(
      (store) => {
        this.#prolong(store);
        return cluster.leader?.lease === this.#lease || this.#takeWithNewLease(store);
      },
      (held) => {
        this.#looping = false;
        then(held === true);
      },
    );
  }

  #missEtcd(): void {
    const silentMs = this.#world.time.now - this.#heardAt;
    if (silentMs <= LOOP_MS + RETRY_MS || this.#paused || this.#busy === 'stopping') return;
    if (this.#postgres.primary) this.#demote();
  }

  #decide(cluster: Cluster): void {
    this.#paused = cluster.paused;
    if (this.#busy !== null) {
      if (cluster.leader?.site === this.site) this.#updateLock(cluster, () => {});
    } else if (cluster.leader === null) this.#race(cluster);
    else if (cluster.leader.site === this.site) this.#hold(cluster);
    else this.#follow(cluster.leader.site);
  }

  #hold(cluster: Cluster): void {
    const { up, primary } = this.#postgres;
    if (this.#paused && !(up && primary)) {
      this.#ask((store) => store.remove(NAMES.patroniLeader), nothing);
      return;
    }
    this.#updateLock(cluster, (held) => {
      if (this.#busy !== null) return;
      if (held) this.#lead(cluster);
      else if (!this.#paused) this.#demote();
    });
  }

  #takeWithNewLease(store: Store): boolean {
    const put = { put: NAMES.patroniLeader, value: this.site, lease: this.#lease };
    const own = [{ key: NAMES.patroniLeader, text: this.site }];
    const vacant = [{ key: NAMES.patroniLeader, revision: 0 }];
    return (
      store.transact({ compare: own, change: [put] }) ||
      store.transact({ compare: vacant, change: [put] })
    );
  }

  #lead(cluster: Cluster): void {
    if (!this.#postgres.up) {
      // Who finds its key still its own goes on as it is, or is promoted anew; both have been seen.
      if (this.#began && this.#world.random.chance(0.5)) this.#postgres.primary = false;
      this.#startPostgres();
    } else if (!this.#postgres.primary) this.#promote(cluster);
    else if (cluster.failover !== null) this.#obey(cluster.failover);
    else this.#keepSync(cluster);
  }

  #obey({ from, to }: NonNullable<Cluster['failover']>): void {
    const may = (from === null || from === this.site) && to !== null && to !== this.site;
    const { voters } = syncIn(this.#etcd.store);
    if (may && voters.includes(to) && this.#hears(to) && !this.#paused) this.#stopFor(to);
    else this.#ask((store) => store.put(NAMES.patroniFailover, {}), nothing);
  }

  // --- promotion ---

  /** Cluster without a leader key. A primary that has lost it takes it again at once. */
  #race(cluster: Cluster): void {
    const { up, primary, timeline } = this.#postgres;
    if (!up) {
      this.#postgres.primary = false;
      this.#startPostgres();
    } else if (this.#world.time.now - this.#gaveUpAt < PATRONI_TTL_MS) return;
    else if (primary) {
      if (this.#paused || timeline >= cluster.timeline) this.#acquire(cluster);
      else this.#demote();
    } else if (!this.#paused) this.#contend(cluster);
  }

  #contend(cluster: Cluster): void {
    const { failover, sync } = cluster;
    if (failover !== null) {
      // Whom a switchover names asks nobody for a vote, and may lack what others have (ha.py, "True").
      const named = failover.from === null || membersOf(sync).includes(this.site);
      if (failover.to === this.site && named) this.#acquire(cluster);
      else if (failover.to === null || !this.#sees(failover.to)) this.#askForVotes(cluster);
      return;
    }
    this.#askForVotes(cluster);
  }

  #askForVotes(cluster: Cluster): void {
    const { sync } = cluster;
    const asked = membersOf(sync).filter((site) => site !== this.site);
    const quick = asked.every((site) => this.#sees(site));
    this.#busy = 'promoting';
    this.#whileAlive(quick ? 20 : REST_MS, () => {
      this.#busy = null;
      const { up, primary, lsn, timeline } = this.#postgres;
      if (!up || primary) return;
      const answers = asked.flatMap((site) => (this.#sees(site) ? [this.#statusOf(site)] : []));
      const mode = {
        quorumCommit: this.#world.strict,
        checkTimeline: this.#world.bugs.noTimelineCheck !== true,
        clusterTimeline: cluster.timeline,
      };
      const me = { site: this.site, lsn, timeline };
      if (isHealthiest(me, sync, answers, mode)) this.#acquire(cluster);
    });
  }

  #standings(): Standing[] {
    const others = this.#world.sites.filter((site) => site !== this.site && this.#sees(site));
    return others.map((site) => {
      const { timeline } = this.#peers.postgreses().get(site)!;
      return { ...this.#statusOf(site), timeline };
    });
  }

  #statusOf(site: Site): MemberStatus {
    const { up, primary, lsn } = this.#peers.postgreses().get(site)!;
    return { site, leads: up && primary, lsn: up ? lsn : 0 };
  }

  #acquire(cluster: Cluster): void {
    this.#ask(
      (store) => {
        const compare = [{ key: NAMES.patroniLeader, revision: 0 }];
        const key = { put: NAMES.patroniLeader, value: this.site, lease: this.#lease };
        const won = store.transact({ compare, change: [key] });
        if (won && cluster.failover !== null) store.put(NAMES.patroniFailover, {});
        return won;
      },
      (won) => {
        if (won !== true || this.#busy !== null || !this.#postgres.up) return;
        if (!this.#postgres.primary) this.#promote(cluster);
      },
    );
  }

  /** With named standbys `/sync` is taken before; with a quorum only once PostgreSQL is the primary. */
  #promote(cluster: Cluster): void {
    this.#busy = 'promoting';
    if (this.#world.strict) {
      const { sync } = cluster;
      const confirmers = sync.leader === null ? FIRST : beforePromotion(this.site, sync);
      this.#promoteWith(confirmers);
      return;
    }
    this.#write(cluster.sync.revision, [], 0, (revision) => {
      if (revision === null) this.#busy = null;
      else this.#promoteWith(NOBODY_IS_ASKED);
    });
  }

  #promoteWith(confirmers: Postgres['confirmers']): void {
    this.#postgres.confirmers = confirmers;
    this.#promotedAt = null;
    this.#wantsClone = false;
    // What initdb made is no promotion.
    if (this.#postgres.wal.length === 0) {
      this.#promoteAs(this.#postgres.nextTimeline);
      return;
    }
    askToBePromoted(this.#postgres, this.#world, this.#runner, (timeline) => {
      if (timeline === null) this.#giveUp();
      else this.#promoteAs(timeline);
    });
  }

  /** Of what this Patroni runs, and with which it ends. */
  get #runner(): Runner {
    return {
      ask: (apply, then) => this.#ask(apply, then),
      later: (delayMs, act) => this.#whileAlive(delayMs, act),
      standings: () => this.#standings(),
    };
  }

  #promoteAs(timeline: number): void {
    const { random } = this.#world;
    this.#postgres.passTo(timeline);
    this.#onDisk(random.between(0.5, 1.5) * PROMOTE_MS, () => {
      if (this.#postgres.up && !this.#postgres.primary) this.#postgres.promote();
    });
    this.#onDisk(PROMOTION_SEEN_MS * random.between(1, 1.2), () => {
      this.#busy = null;
      this.wake();
    });
  }

  /** What writes there waits for the disk, and nobody can end it before. */
  #onDisk(delay: number, act: () => void): void {
    this.#whileAlive(delay, () => {
      if (this.#postgres.disk.stalled) this.#onDisk(DISK_AGAIN_MS, act);
      else act();
    });
  }

  /** ha.py: `pre_promote` failed. It gives the key back, and takes no part in a race for as long as a lease lasts. */
  #giveUp(): void {
    this.#world.note(`patroni ${this.site} may not be promoted`);
    this.#gaveUpAt = this.#world.time.now;
    this.#busy = null;
    this.#ask((store) => {
      const compare = [{ key: NAMES.patroniLeader, text: this.site }];
      return store.transact({ compare, change: [{ remove: NAMES.patroniLeader }] });
    }, nothing);
  }

  // --- the primary ---

  /** First `/sync`, then `/history`: in between and before, what they say is of the leader before. */
  #keepSync(cluster: Cluster): void {
    const { time } = this.#world;
    this.#postgres.stream();
    const rests =
      this.#world.strict && this.#promotedAt !== null && time.now - this.#promotedAt <= LOOP_MS;
    this.#promotedAt ??= time.now;
    const steps = rests ? [] : this.#stepsFor(cluster.sync);
    this.#busy = 'assigning';
    this.#take(steps, cluster.sync.revision, () => {
      this.#busy = null;
      this.#writeHistory(cluster.history);
    });
  }

  #stepsFor(sync: SyncState): SyncStep[] {
    const others = this.#world.sites.filter((other) => other !== this.site);
    const standing = {
      me: this.site,
      sync,
      confirmers: this.#postgres.confirmers,
      active: (site: Site) => this.#isActive(site),
      caughtUp: (site: Site) =>
        (this.#postgres.acknowledged.get(site) ?? 0) >= this.#postgres.flushed,
      others,
      strict: this.#world.strict,
    };
    if (!this.#world.strict) return namedSteps(standing);
    if (sync.leader !== null) return quorumSteps(standing);
    return [{ write: { voters: [], quorum: 0 } }];
  }

  #isActive(site: Site): boolean {
    const { time, network } = this.#world;
    const standby = this.#peers.postgreses().get(site);
    const follows = standby !== undefined && this.#postgres.isFollowedBy(standby);
    const streams = follows && !this.#postgres.refuses(standby);
    if (streams && !standby.stalled && network.reaches(site, this.site))
      this.#seenAt.set(site, time.now);
    return time.now - (this.#seenAt.get(site) ?? Number.NEGATIVE_INFINITY) < DROP_STANDBY_MS;
  }

  #take(steps: readonly SyncStep[], revision: number, then: () => void): void {
    const [step, ...rest] = steps;
    if (step === undefined || !this.#postgres.up || !this.#postgres.primary) then();
    else if ('assign' in step) {
      this.#postgres.setConfirmers(step.assign);
      this.#take(rest, revision, then);
    } else {
      this.#write(revision, step.write.voters, step.write.quorum, (written) => {
        if (written === null) then();
        else this.#take(rest, written, then);
      });
    }
  }

  /** On condition that nobody has changed it; whether the leader key is still ours is not asked. */
  #write(
    revision: number,
    voters: readonly Site[],
    quorum: number,
    then: (revision: number | null) => void,
  ): void {
    const value = { leader: this.site, sync_standby: voters.join() || null, quorum };
    const compare = [{ key: NAMES.patroniSync, revision }];
    const change = [{ put: NAMES.patroniSync, value }];
    this.#ask<number | null>(
      (store) => (store.transact({ compare, change }) ? store.revision : null),
      then,
    );
  }

  /** ha.py, update_cluster_history: who wrote it and when stands in the line of the timeline just before. */
  #writeHistory(known: readonly unknown[][]): void {
    const { timeline, chain, up, primary, lsn } = this.#postgres;
    const last = known.at(-1);
    if (!up || !primary) return;
    if (timeline === 1) {
      if (known.length > 0) this.#ask((store) => store.put(NAMES.patroniHistory, []), nothing);
      return;
    }
    if (last?.[0] === timeline - 1 && last.length === 5) return;
    const lines = chain.slice(0, -1).map((ended) => [ended, lsn, 'no recovery target', '', '']);
    const before = lines.at(-1);
    if (before?.[0] !== timeline - 1) before?.splice(3);
    this.#ask((store) => store.put(NAMES.patroniHistory, lines), nothing);
  }

  // --- the standby ---

  #follow(leader: Site): void {
    if (this.#postgres.primary) {
      if (!this.#paused) this.#demote();
    } else if (!this.#postgres.up && !this.#wantsClone) this.#startPostgres();
    else this.#stream(leader);
  }

  #stream(from: Site): void {
    const primary = this.#peers.postgreses().get(from);
    if (primary === undefined || !primary.up || !primary.primary || !this.#hears(from, true))
      return;
    const { random } = this.#world;
    if (this.#wantsClone) this.#cloneFrom(primary);
    else if (follows(this.#postgres, primary)) {
      this.#postgres.follows = from;
      primary.stream();
    } else if (random.chance(0.2)) this.#cloneFrom(primary);
    else this.#rewindTo(primary);
  }

  #rewindTo(primary: Postgres): void {
    this.#busy = 'rewinding';
    this.#postgres.crash();
    this.#onceCopyMayGo(primary, () =>
      this.#copy(primary, REWIND_MS, (done) => {
        if (!done) return;
        rewind(this.#postgres, primary);
        this.#postgres.takeTimelineOf(primary);
        this.#postgres.up = true;
      }),
    );
  }

  /** Whose source is not the leader any more starts what it has, and looks anew. */
  #onceCopyMayGo(primary: Postgres, then: () => void): void {
    awaitSource(primary, this.#world, this.#runner, (mayCopy) => {
      if (mayCopy) then();
      else {
        this.#busy = null;
        this.#wantsClone = false;
        this.wake();
      }
    });
  }

  #cloneFrom(primary: Postgres): void {
    this.#busy = 'cloning';
    this.#wantsClone = true;
    this.#postgres.crash();
    // What is half of a copy has nothing to lose.
    if (this.#postgres.wal.length === 0) this.#wipeAndClone(primary);
    else this.#onceCopyMayGo(primary, () => this.#wipeAndClone(primary));
  }

  #wipeAndClone(primary: Postgres): void {
    this.#world.note(`patroni ${this.site} clones from ${primary.site}`);
    this.#postgres.follows = null;
    this.#postgres.wal = [];
    primary.acknowledged.delete(this.site);
    primary.clones.set(this.site, 0);
    this.#copy(primary, CLONE_MS, (done) => {
      primary.clones.delete(this.site);
      if (!done) return;
      this.#wantsClone = false;
      this.#postgres.wal = primary.wal.slice(0, primary.flushed);
      this.#postgres.takeTimelineOf(primary, new Set([primary.timeline]));
      this.#postgres.up = true;
    });
  }

  /** Reads from its source for a while; a source that is lost meanwhile ends it, later. */
  #copy(
    source: Postgres,
    [shortest, longest]: readonly [number, number],
    end: (done: boolean) => void,
  ): void {
    const life = this.#life;
    this.#world.time.after(this.#world.random.between(shortest, longest), () => {
      const { up, primary } = source;
      const reads = up && primary && this.#hears(source.site, true);
      const done = life === this.#life && reads && !this.#postgres.disk.stalled;
      this.#world.time.after(done ? 0 : SOURCE_SILENT_MS, () => {
        if (life === this.#life) this.#busy = null;
        end(done && life === this.#life);
      });
    });
  }

  #abandon(): void {
    this.#life++;
    this.#busy = null;
    this.#looping = false;
  }

  // --- starting and stopping ---

  #startPostgres(): void {
    // Whose copy is half of one has nothing to start.
    if (this.#wantsClone) return;
    const { random } = this.#world;
    this.#busy = 'starting';
    this.#began = false;
    this.#onDisk(random.between(0.5, 1) * RESTART_MS, () => {
      this.#busy = null;
      this.#endedInOrder = false;
      this.#postgres.up = true;
      this.#postgres.stream();
    });
  }

  #demote(): void {
    this.#world.note(`patroni ${this.site} demotes`);
    if (this.#postgres.disk.stalled) this.#stopOnceDiskAnswers();
    else this.#postgres.demote();
  }

  /** postmaster.py, signal_kill: who waits for a disk is not ended by SIGKILL either. */
  #stopOnceDiskAnswers(): void {
    this.#busy = 'stopping';
    this.#postgres.shutDown();
    this.#onDisk(DISK_AGAIN_MS, () => {
      this.#busy = null;
      this.#postgres.demote();
    });
  }

  /** Ends PostgreSQL in order: what streams then has everything. A second later the key is released. */
  #stopFor(to: Site): void {
    const { random } = this.#world;
    this.#world.note(`patroni ${this.site} stops for ${to}`);
    this.#busy = 'stopping';
    this.#postgres.shutDown();
    this.#whileAlive(random.between(100, 300), () => this.#endInOrder(to, STOP_WITHIN_MS));
  }

  /** PostgreSQL ends when all that stream have everything; who is silent for longer does not stream. */
  #endInOrder(to: Site, withinMs: number): void {
    if (this.#postgres.disk.stalled) {
      this.#onDisk(DISK_AGAIN_MS, () => this.#endInOrder(to, withinMs));
      return;
    }
    const others = [...this.#peers.postgreses().values()].filter(({ site }) => this.#hears(site));
    const awaited = others.some(({ site, stalled }) => stalled && this.#isActive(site));
    if (awaited && withinMs > 0) {
      this.#whileAlive(100, () => this.#endInOrder(to, withinMs - 100));
      return;
    }
    for (const other of others) {
      if (other.stalled) continue;
      for (const entry of this.#postgres.wal.slice(other.wal.length)) other.wal.push(entry);
    }
    this.#postgres.demote();
    this.#endedInOrder = true;
    this.#whileAlive(RELEASE_AFTER_MS, () => this.#releaseTo(to));
  }

  #releaseTo(to: Site): void {
    this.#busy = null;
    this.#ask(
      (store) => {
        const compare = [{ key: NAMES.patroniLeader, text: this.site }];
        return store.transact({ compare, change: [{ remove: NAMES.patroniLeader }] });
      },
      () => this.#peers.patronis().get(to)?.wake(),
    );
  }

  #end(): void {
    this.#running = false;
    this.#life++;
    [this.#busy, this.#looping, this.#endedInOrder] = [null, false, false];
    this.#promotedAt = 0;
  }

  #start(): void {
    this.#running = true;
    this.#life++;
    this.#frozenUntil = 0;
    this.#gaveUpAt = Number.NEGATIVE_INFINITY;
    this.#lease = `${this.site}-${++this.#leases}.${this.#life}`;
    this.#etcd.store.grant(this.#lease, this.#world.time.now);
  }

  // --- who hears whom ---

  #sees(other: Site): boolean {
    const { network } = this.#world;
    const there = this.#peers.patronis().get(other)?.frozen === false;
    return there && network.reaches(this.site, other) && network.reaches(other, this.site);
  }

  /** A standby follows us, or with `leader` we may follow it, and messages pass both ways. */
  #hears(other: Site, leader = false): boolean {
    const { network } = this.#world;
    const postgres = this.#peers.postgreses().get(other);
    const reaches = network.reaches(this.site, other) && network.reaches(other, this.site);
    return reaches && postgres?.up === true && (leader || postgres.follows === this.site);
  }

  /** Once more before it gives up, within retry_timeout. */
  #ask<T>(apply: (store: Store) => T, then: (value: T | null) => void, tries = 2): void {
    const life = this.#life;
    this.#etcd.request({
      from: this.site,
      pinned: true,
      deadlineMs: RETRY_MS / 2,
      apply,
      answer: (answer) => {
        this.#whenThawed(life, () => {
          if (answer.ok) then(answer.value);
          else if (tries > 1) this.#ask(apply, then, tries - 1);
          else then(null);
        });
      },
    });
  }

  #whileAlive(delay: number, act: () => void): void {
    const life = this.#life;
    this.#world.time.after(delay, () => this.#whenThawed(life, act));
  }

  #whenThawed(life: number, act: () => void): void {
    if (life !== this.#life) return;
    const { time } = this.#world;
    if (this.#frozenUntil > time.now) {
      this.#putOff.push(() => this.#whenThawed(life, act));
      time.at(this.#frozenUntil + 1, () => this.#goOn());
    } else act();
  }

  /** Who was frozen anew meanwhile puts it off once more. */
  #goOn(): void {
    for (const act of this.#putOff.splice(0)) act();
  }
}

/** rewind.py, _check_timeline_and_lsn. */
const follows = (standby: Postgres, primary: Postgres): boolean =>
  isPrefix(standby.wal, primary.wal) || isTakenForTheOther(standby, primary);

/**
 * Two promotions have made two timelines of one number; Patroni looks at the number and sees nothing to do
 * ("running, no action", test/cluster/gate.test.ts), and PostgreSQL streams the one into the other.
 */
const isTakenForTheOther = (standby: Postgres, primary: Postgres): boolean =>
  standby.timeline === primary.timeline && !isPrefix(standby.wal, primary.wal);

const nothing = (): void => {};
/** A new cluster's first primary: nobody is named yet, and it is strict. */
const FIRST = { names: 'any', count: 1 } as const;

function syncIn(store: Store): SyncState {
  const found = store.get(NAMES.patroniSync);
  const value = found?.json as { leader?: Site; sync_standby?: string | null; quorum?: number };
  return {
    leader: value?.leader ?? null,
    voters: (value?.sync_standby ?? '').split(',').filter((name) => name !== ''),
    quorum: value?.quorum ?? 0,
    revision: found?.revision ?? 0,
  };
}

function clusterIn(store: Store): Cluster {
  const leader = store.get(NAMES.patroniLeader);
  const view = store.view().patroni;
  return {
    leader: leader === undefined ? null : { site: leader.text, lease: leader.lease },
    sync: syncIn(store),
    failover: view.failover,
    timeline: view.timeline ?? 1,
    history: (store.get(NAMES.patroniHistory)?.json ?? []) as unknown[][],
    paused: view.paused,
  };
}
