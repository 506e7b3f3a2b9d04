import type { Site } from '../../view.ts';
import type { Etcd } from '../etcd.ts';
import type { Exclusion } from '../exclusion.ts';
import type { Postgres } from '../postgres.ts';
import { NAMES, PATRONI_TTL_MS, primaryOf } from '../store.ts';
import type { World } from '../world.ts';
import { type Cluster, clusterIn, syncIn } from './cluster.ts';
import { Copying } from './copying.ts';
import { Hearing, type Peers } from './hearing.ts';
import { LeaderKey } from './leader-key.ts';
import { Postmaster } from './postmaster.ts';
import { Process } from './process.ts';
import { Promotion } from './promotion.ts';
import { Synchronous } from './synchronous.ts';
import { LOOP_MS, RETRY_MS } from './timings.ts';

const POLL_EVERY_MS = 1_000;
const POLLS = 20;

/**
 * One site's Patroni 4.0.7, as far as who leads depends on it: written from its sources (ha.py,
 * quorum.py, dcs/etcd3.py), and pinned by tests against the real one in test/cluster.
 */
export class Patroni {
  readonly site: Site;
  readonly #postgres: Postgres;
  readonly #etcd: Etcd;
  readonly #world: World;
  readonly #process: Process;
  readonly #hearing: Hearing;
  readonly #key: LeaderKey;
  readonly #synchronous: Synchronous;
  readonly #copying: Copying;
  readonly #postmaster: Postmaster;
  readonly #promotion: Promotion;
  #stopsInLoopUntil = 0;
  #heardAt = 0;
  #failsafe: readonly Site[] = [];
  #ledWithoutEtcd: { by: Site; until: number } | null = null;

  constructor(postgres: Postgres, etcd: Etcd, world: World, peers: Peers, exclusion: Exclusion) {
    this.site = postgres.site;
    [this.#postgres, this.#etcd, this.#world] = [postgres, etcd, world];
    const process = new Process(postgres, etcd, world);
    const hearing = new Hearing(this.site, world, peers);
    const key = new LeaderKey(process);
    const synchronous = new Synchronous(process, hearing);
    // Of what this Patroni runs, and with which it ends.
    const runner = {
      ask: process.ask.bind(process),
      later: process.later.bind(process),
      standings: () => this.#promotion.standings(),
      exclusion,
    };
    const wake = () => this.wake();
    const copying = new Copying(process, hearing, runner, wake);
    const parts = { process, hearing, key, synchronous, copying, runner, wake };
    [this.#process, this.#hearing, this.#key] = [process, hearing, key];
    [this.#synchronous, this.#copying] = [synchronous, copying];
    [this.#postmaster, this.#promotion] = [new Postmaster(parts), new Promotion(parts)];
    this.#beginToLoop();
  }

  #beginToLoop(): void {
    const { time, random } = this.#world;
    const tick = (): void => {
      time.after(LOOP_MS * random.between(0.9, 1.1), tick);
      this.#loop();
    };
    time.after(random.between(0, LOOP_MS), tick);
    this.#etcd.onLeaderKey(this.site, () => this.wake());
  }

  get frozen(): boolean {
    return !this.#process.works();
  }

  get endedInOrder(): boolean {
    return this.#postmaster.endedInOrder;
  }

  /** As GET /patroni says it. */
  get state(): string {
    const { busy } = this.#process;
    if (busy === 'cloning') return 'creating replica';
    if (busy === 'stopping') return this.#postgres.up ? 'stopping' : 'stopped';
    if (!this.#postgres.up) return 'starting';
    return this.#copying.streams() ? 'streaming' : 'running';
  }

  get role(): 'primary' | 'standby' {
    return this.#postgres.primary ? 'primary' : 'standby';
  }

  freeze(forMs: number): void {
    this.#process.freeze(forMs);
  }

  /** Between reading that it leads and prolonging its key, if it does so within that time. */
  freezeInLoop(forMs: number): void {
    this.#stopsInLoopUntil = this.#world.time.now + forMs;
  }

  /** And is not frozen in its loop any more. */
  thaw(): void {
    this.#stopsInLoopUntil = 0;
    this.#process.thaw();
  }

  /** Power: everything of this site's Patroni and PostgreSQL stops, or begins again. */
  stop(): void {
    this.#end();
    this.#postgres.crash();
    this.#postgres.follows = null;
  }

  begin(): void {
    this.#start();
    this.#postmaster.began = true;
    this.freeze(this.#world.random.between(500, 2_000));
  }

  /** Patroni alone ends and is started again: PostgreSQL goes on, and the next lease is another one. */
  restart(afterMs: number): void {
    // One that is being stopped ends by itself, and is started again by the next.
    if (this.#process.busy === 'stopping') this.#postgres.crash();
    this.#end();
    this.#world.time.after(afterMs, () => {
      if (!this.#process.running && this.#world.network.isOn(this.site)) this.#start();
    });
  }

  beginIfEnded(): void {
    if (!this.#process.running) this.begin();
  }

  crashPostgres(): void {
    this.#postgres.crash();
  }

  /** Clones this site's copy anew; one that is under way is begun again from nothing. */
  reinitialize(): void {
    const leader = primaryOf(this.#etcd.store);
    if (this.#postgres.primary || leader === null || leader === this.site) return;
    this.#copying.again();
  }

  switchover(to: Site, answer: (failure: string | null) => void): void {
    const { primary, up } = this.#postgres;
    if (this.frozen || this.#process.busy !== null || !primary || !up || !this.#mayLead(to)) {
      answer('it cannot be now');
      return;
    }
    this.#process.ask(
      (store) => store.put(NAMES.patroniFailover, { leader: this.site, member: to }),
      (written) => {
        if (written === null) answer('etcd does not answer');
        else {
          this.wake();
          this.#awaitOther(POLLS, answer);
        }
      },
    );
  }

  /** api.py, poll_failover_result: it is done once another member leads, whoever; it failed once the wish is gone. */
  #awaitOther(polls: number, answer: (failure: string | null) => void): void {
    this.#process.later(POLL_EVERY_MS, () =>
      this.#process.ask(clusterIn, (cluster) => {
        const leader = cluster?.leader?.site ?? this.site;
        if (leader !== this.site) answer(null);
        else if (cluster !== null && cluster.failover === null) answer('Switchover failed');
        else if (polls === 1) answer('Switchover status unknown');
        else this.#awaitOther(polls - 1, answer);
      }),
    );
  }

  #mayLead(to: Site): boolean {
    const { voters } = syncIn(this.#etcd.store);
    return voters.includes(to) && this.#hearing.hears(to) && !this.#process.paused;
  }

  /** The loop that a change in etcd or a colleague wakes. */
  wake(): void {
    const { time, random } = this.#world;
    time.after(random.between(5, 50), () => this.#loop());
  }

  #loop(): void {
    if (this.frozen || this.#process.looping) return;
    this.#process.looping = true;
    const sentAt = this.#world.time.now;
    this.#process.ask(
      (store) => {
        // Whoever leads prolongs its key in an act of its own, later.
        if (primaryOf(store) !== this.site) this.#key.prolong(store);
        return clusterIn(store);
      },
      (cluster) => {
        if (cluster?.leader?.site === this.site) this.#stopInLoop();
        this.#process.whenThawed(this.#process.life, () => this.#goOnWith(cluster, sentAt));
      },
    );
  }

  #stopInLoop(): void {
    this.freeze(this.#stopsInLoopUntil - this.#world.time.now);
    this.#stopsInLoopUntil = 0;
  }

  #goOnWith(cluster: Cluster | null, sentAt: number): void {
    this.#process.looping = false;
    if (cluster === null) this.#missEtcd();
    else {
      this.#heardAt = sentAt;
      this.#decide(cluster);
    }
  }

  #missEtcd(): void {
    const { busy, paused } = this.#process;
    const silentMs = this.#world.time.now - this.#heardAt;
    if (silentMs <= LOOP_MS + RETRY_MS || paused || busy === 'stopping') return;
    if (this.#postgres.primary && !this.#goesOn()) this.#postmaster.demote();
  }

  /** ha.py, _handle_dcs_error: while every member that `/failsafe` named last lets it. */
  #goesOn(): boolean {
    const others = this.#failsafe.filter((other) => other !== this.site);
    return this.#failsafe.includes(this.site) && this.#hearing.letUsGoOn(others);
  }

  letGoOn(leader: Site): boolean {
    if (this.#postgres.up && this.#postgres.primary) return false;
    this.#ledWithoutEtcd = { by: leader, until: this.#world.time.now + PATRONI_TTL_MS };
    return true;
  }

  #decide(cluster: Cluster): void {
    this.#process.paused = cluster.paused;
    this.#failsafe = cluster.failsafe;
    if (this.#process.busy !== null) {
      if (cluster.leader?.site === this.site) this.#key.update(cluster, () => {});
    } else if (cluster.leader === null) this.#race(cluster);
    else if (cluster.leader.site === this.site) this.#hold(cluster);
    else this.#follow(cluster.leader.site);
  }

  #hold(cluster: Cluster): void {
    const { up, primary } = this.#postgres;
    if (this.#process.paused && !(up && primary)) {
      this.#process.ask(
        (store) => store.remove(NAMES.patroniLeader),
        () => {},
      );
      return;
    }
    this.#key.update(cluster, (held) => {
      if (this.#process.busy !== null) return;
      if (held) this.#lead(cluster);
      else if (!this.#process.paused && !(held === null && this.#goesOn()))
        this.#postmaster.demote();
    });
  }

  #lead(cluster: Cluster): void {
    if (!this.#postgres.up) {
      // Who finds its key still its own goes on as it is, or is promoted anew; both have been seen.
      if (this.#postmaster.began && this.#world.random.chance(0.5)) this.#postgres.primary = false;
      this.#postmaster.start();
    } else if (!this.#postgres.primary) this.#promotion.promote(cluster);
    else if (cluster.failover !== null) this.#obey(cluster.failover);
    else this.#synchronous.keep(cluster);
  }

  #obey({ from, to }: NonNullable<Cluster['failover']>): void {
    const may = (from === null || from === this.site) && to !== null && to !== this.site;
    if (may && this.#mayLead(to)) this.#postmaster.stopFor(to);
    else
      this.#process.ask(
        (store) => store.put(NAMES.patroniFailover, {}),
        () => {},
      );
  }

  /** Cluster without a leader key. A primary that has lost it takes it again at once. */
  #race(cluster: Cluster): void {
    const led = this.#ledWithoutEtcd;
    if (led !== null && led.until > this.#world.time.now) {
      this.#follow(led.by);
      return;
    }
    const { up, primary, timeline } = this.#postgres;
    const { paused } = this.#process;
    if (!up) {
      this.#postgres.primary = false;
      this.#postmaster.start();
    } else if (this.#promotion.gaveUpForMs < PATRONI_TTL_MS) return;
    else if (primary) {
      if (paused || timeline >= cluster.timeline) this.#promotion.acquire(cluster);
      else this.#postmaster.demote();
    } else if (!paused && this.#mayRace(cluster)) this.#promotion.contend(cluster);
  }

  #mayRace({ failover, failsafe }: Cluster): boolean {
    return failover !== null || failsafe.length === 0 || failsafe.includes(this.site);
  }

  #follow(leader: Site): void {
    if (this.#postgres.primary) {
      if (!this.#process.paused) this.#postmaster.demote();
    } else if (!this.#postgres.up && !this.#copying.wantsClone) this.#postmaster.start();
    else this.#copying.stream(leader);
  }

  #end(): void {
    this.#process.end();
    this.#postmaster.endedInOrder = false;
    this.#synchronous.goOn();
  }

  #start(): void {
    this.#process.start();
    this.#ledWithoutEtcd = null;
    this.#promotion.forget();
    this.#key.begin();
  }
}
