import type { Site } from '../../view.ts';
import { NAMES } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Hearing } from './hearing.ts';
import type { Process } from './process.ts';
import type { SyncState } from './race.ts';
import { namedSteps, quorumSteps, type SyncStep } from './sync.ts';
import { LOOP_MS } from './timings.ts';

/** wal_sender_timeout, or tcp_user_timeout and the next loop. */
const DROP_STANDBY_MS = 5_000;

/** What a primary's Patroni keeps true in etcd: who confirms its commits, and which timelines there were. */
export class Synchronous {
  readonly #process: Process;
  readonly #hearing: Hearing;
  #promotedAt: number | null = null;
  readonly #seenAt = new Map<Site, number>();

  constructor(process: Process, hearing: Hearing) {
    [this.#process, this.#hearing] = [process, hearing];
  }

  /** The next loop is the first of a new primary. */
  beginAnew(): void {
    this.#promotedAt = null;
  }

  /** A Patroni that starts beside a primary rests no more. */
  goOn(): void {
    this.#promotedAt = 0;
  }

  /** First `/sync`, then `/history`: in between and before, what they say is of the leader before. */
  keep(cluster: Cluster): void {
    const { postgres, world } = this.#process;
    const { time } = world;
    postgres.stream();
    const rests =
      world.strict && this.#promotedAt !== null && time.now - this.#promotedAt <= LOOP_MS;
    this.#promotedAt ??= time.now;
    const strict = world.strict && !cluster.isLax;
    const steps = rests ? [] : this.#stepsFor(cluster.sync, strict);
    this.#process.busy = 'assigning';
    this.#take(steps, cluster.sync.revision, () => {
      this.#process.busy = null;
      this.#writeHistory(cluster.history);
    });
  }

  isActive(site: Site): boolean {
    const { postgres, world } = this.#process;
    const { time, network } = world;
    const standby = this.#hearing.postgreses.get(site);
    const follows = standby !== undefined && postgres.isFollowedBy(standby);
    const streams = follows && !postgres.refuses(standby);
    if (streams && !standby.stalled && network.databaseReaches(site, this.#process.site))
      this.#seenAt.set(site, time.now);
    return time.now - (this.#seenAt.get(site) ?? Number.NEGATIVE_INFINITY) < DROP_STANDBY_MS;
  }

  /** On condition that nobody has changed it; whether the leader key is still ours is not asked. */
  write(
    revision: number,
    voters: readonly Site[],
    quorum: number,
    then: (revision: number | null) => void,
  ): void {
    const value = { leader: this.#process.site, sync_standby: voters.join() || null, quorum };
    const compare = [{ key: NAMES.patroniSync, revision }];
    const change = [{ put: NAMES.patroniSync, value }];
    this.#process.ask<number | null>(
      (store) => (store.transact({ compare, change }) ? store.revision : null),
      then,
    );
  }

  #stepsFor(sync: SyncState, strict: boolean): SyncStep[] {
    const { site, postgres, world } = this.#process;
    const standing = {
      me: site,
      sync,
      confirmers: postgres.confirmers,
      active: (other: Site) => this.isActive(other),
      caughtUp: (other: Site) =>
        world.bugs.namesWhoLags || (postgres.acknowledged.get(other) ?? 0) >= postgres.flushed,
      others: world.sites.filter((other) => other !== site),
      strict,
    };
    if (!world.strict) return namedSteps(standing);
    if (sync.leader !== null) return quorumSteps(standing);
    return [{ write: { voters: [], quorum: 0 } }];
  }

  #take(steps: readonly SyncStep[], revision: number, then: () => void): void {
    const { postgres } = this.#process;
    const [step, ...rest] = steps;
    if (step === undefined || !postgres.up || !postgres.primary) then();
    else if ('assign' in step) {
      postgres.setConfirmers(step.assign);
      this.#take(rest, revision, then);
    } else {
      this.write(revision, step.write.voters, step.write.quorum, (written) => {
        if (written === null) then();
        else this.#take(rest, written, then);
      });
    }
  }

  /** ha.py, update_cluster_history: who wrote it and when stands in the line of the timeline just before. */
  #writeHistory(known: readonly unknown[][]): void {
    const { timeline, chain, up, primary, lsn } = this.#process.postgres;
    const last = known.at(-1);
    if (!up || !primary) return;
    if (timeline === 1) {
      if (known.length > 0) this.#put([]);
      return;
    }
    if (last?.[0] === timeline - 1 && last.length === 5) return;
    const lines = chain.slice(0, -1).map((ended) => [ended, lsn, 'no recovery target', '', '']);
    const before = lines.at(-1);
    if (before?.[0] !== timeline - 1) before?.splice(3);
    this.#put(lines);
  }

  #put(history: readonly unknown[][]): void {
    this.#process.ask(
      (store) => store.put(NAMES.patroniHistory, history),
      () => {},
    );
  }
}
