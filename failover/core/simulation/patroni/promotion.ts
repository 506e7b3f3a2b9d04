import type { Standing } from '../../election/votes.ts';
import type { Site } from '../../view.ts';
import { NOBODY_IS_ASKED, type Postgres } from '../postgres.ts';
import type { Cluster } from './cluster.ts';
import type { Parts } from './parts.ts';
import { askToBePromoted, type Runner } from './pre-promote.ts';
import type { Process } from './process.ts';
import { isHealthiest, type MemberStatus, membersOf } from './race.ts';
import { beforePromotion } from './sync.ts';
import { REST_MS } from './timings.ts';

const PROMOTE_MS = 300;
/** It looks once a second whether PostgreSQL has been promoted; until then it does nothing else. */
const PROMOTION_SEEN_MS = 1_050;
/** A new cluster's first primary: nobody is named yet, and it is strict. */
const FIRST = { names: 'any', count: 1 } as const;

interface PromotionParts extends Parts {
  readonly runner: Runner;
  readonly wake: () => void;
}

/** How a standby comes to lead where nobody has the key (ha.py). */
export class Promotion {
  readonly #process: Process;
  readonly #parts: PromotionParts;
  #gaveUpAt = Number.NEGATIVE_INFINITY;

  constructor(parts: PromotionParts) {
    this.#parts = parts;
    this.#process = parts.process;
  }

  /** Since a promotion was refused here. */
  get gaveUpForMs(): number {
    return this.#process.world.time.now - this.#gaveUpAt;
  }

  forget(): void {
    this.#gaveUpAt = Number.NEGATIVE_INFINITY;
  }

  contend(cluster: Cluster): void {
    const { failover, sync } = cluster;
    const { site } = this.#process;
    if (failover !== null) {
      // Whom a switchover names asks nobody for a vote, and may lack what others have (ha.py, "True").
      const named = failover.from === null || membersOf(sync).includes(site);
      if (failover.to === site && named) this.acquire(cluster);
      else if (failover.to === null || !this.#parts.hearing.sees(failover.to))
        this.#askForVotes(cluster);
      return;
    }
    this.#askForVotes(cluster);
  }

  acquire(cluster: Cluster): void {
    const { postgres } = this.#process;
    this.#parts.key.acquire(cluster, (won) => {
      if (won !== true || this.#process.busy !== null || !postgres.up) return;
      if (!postgres.primary) this.promote(cluster);
    });
  }

  /** With named standbys `/sync` is taken before; with a quorum only once PostgreSQL is the primary. */
  promote(cluster: Cluster): void {
    const { site, world } = this.#process;
    this.#process.busy = 'promoting';
    if (world.strict) {
      const { sync } = cluster;
      this.#promoteWith(sync.leader === null ? FIRST : beforePromotion(site, sync));
      return;
    }
    this.#parts.synchronous.write(cluster.sync.revision, [], 0, (revision) => {
      if (revision === null) this.#process.busy = null;
      else this.#promoteWith(NOBODY_IS_ASKED);
    });
  }

  /** What the other sites say of their copies; of one that replays the position never stands still (election/settled.ts). */
  standings(): Standing[] {
    const { site, world } = this.#process;
    const { hearing } = this.#parts;
    const others = world.sites.filter((other) => other !== site && hearing.sees(other));
    return others.map((other) => {
      const { timeline, replays } = hearing.postgreses.get(other)!;
      const status = this.#statusOf(other);
      const isKnown = !replays || world.bugs.replayingVotes === true;
      return { ...status, timeline, lsn: isKnown ? status.lsn : 0 };
    });
  }

  #askForVotes(cluster: Cluster): void {
    const { sync } = cluster;
    const { site, postgres, world } = this.#process;
    const { hearing } = this.#parts;
    const asked = membersOf(sync).filter((other) => other !== site);
    const quick = asked.every((other) => hearing.sees(other));
    this.#process.busy = 'promoting';
    this.#process.later(quick ? 20 : REST_MS, () => {
      this.#process.busy = null;
      const { up, primary, lsn, timeline } = postgres;
      if (!up || primary) return;
      const answers = asked.flatMap((other) =>
        hearing.sees(other) ? [this.#statusOf(other)] : [],
      );
      const mode = {
        quorumCommit: world.strict,
        checkTimeline: world.bugs.noTimelineCheck !== true,
        clusterTimeline: cluster.timeline,
      };
      if (isHealthiest({ site, lsn, timeline }, sync, answers, mode)) this.acquire(cluster);
    });
  }

  #statusOf(site: Site): MemberStatus {
    const { up, primary, lsn } = this.#parts.hearing.postgreses.get(site)!;
    return { site, leads: up && primary, lsn: up ? lsn : 0 };
  }

  #promoteWith(confirmers: Postgres['confirmers']): void {
    const { postgres, world } = this.#process;
    postgres.confirmers = confirmers;
    this.#parts.synchronous.beginAnew();
    this.#parts.copying.wantsClone = false;
    // What initdb made is no promotion.
    if (postgres.wal.length === 0) {
      this.#promoteAs(postgres.nextTimeline);
      return;
    }
    askToBePromoted(postgres, world, this.#parts.runner, (timeline) => {
      if (timeline === null) this.#giveUp();
      else this.#promoteAs(timeline);
    });
  }

  #promoteAs(timeline: number): void {
    const { postgres, world } = this.#process;
    const { random } = world;
    postgres.passTo(timeline);
    this.#process.onDisk(random.between(0.5, 1.5) * PROMOTE_MS, () => {
      if (postgres.up && !postgres.primary) postgres.promote();
    });
    this.#process.onDisk(PROMOTION_SEEN_MS * random.between(1, 1.2), () => {
      this.#process.busy = null;
      this.#parts.wake();
    });
  }

  /** `pre_promote` failed. It gives the key back, and takes no part in a race for as long as a lease lasts. */
  #giveUp(): void {
    const { site, world } = this.#process;
    world.note(`patroni ${site} may not be promoted`);
    this.#gaveUpAt = world.time.now;
    this.#process.busy = null;
    this.#parts.key.giveBack();
  }
}
