import type { Site } from '../../view.ts';
import { isPrefix, type Postgres, rewind } from '../postgres.ts';
import { awaitSource } from './before-copying.ts';
import type { Hearing } from './hearing.ts';
import type { Runner } from './pre-promote.ts';
import type { Process } from './process.ts';

const REWIND_MS = [500, 2_500] as const;
const CLONE_MS = [2_000, 9_000] as const;
/** A rewind or clone whose source says nothing more is given up. */
const SOURCE_SILENT_MS = 5_000;

/** How a standby comes to follow a primary: as it is, rewound, or cloned anew. */
export class Copying {
  readonly #process: Process;
  readonly #hearing: Hearing;
  readonly #runner: Runner;
  readonly #wake: () => void;
  /** Its copy is half of one, or is to be given up. */
  wantsClone = false;

  constructor(process: Process, hearing: Hearing, runner: Runner, wake: () => void) {
    [this.#process, this.#hearing, this.#runner, this.#wake] = [process, hearing, runner, wake];
  }

  /** Clones this site's copy anew; one that is under way is begun again from nothing. */
  again(): void {
    this.wantsClone = true;
    if (this.#process.busy === 'cloning') this.#process.abandon();
  }

  /** A walreceiver says `streaming` for as long as it takes to be refused, and begins again at once. */
  streams(): boolean {
    const { postgres, world } = this.#process;
    if (postgres.primary) return false;
    const primary = [...this.#hearing.postgreses.values()].find((other) =>
      other.isFollowedBy(postgres),
    );
    if (primary === undefined || !this.#hearing.hears(primary.site, true)) return false;
    if (postgres.isRefusedHistory(primary)) return false;
    return isTakenForTheOther(postgres, primary) ? world.random.chance(0.2) : true;
  }

  stream(from: Site): void {
    const primary = this.#hearing.postgreses.get(from);
    const leads = primary?.up && primary.primary;
    if (!leads || !this.#hearing.hears(from, true)) return;
    const { postgres, world } = this.#process;
    if (this.wantsClone) this.#cloneFrom(primary);
    else if (follows(postgres, primary)) {
      postgres.follows = from;
      primary.stream();
    } else if (world.random.chance(0.2)) this.#cloneFrom(primary);
    else this.#rewindTo(primary);
  }

  #rewindTo(primary: Postgres): void {
    const { postgres } = this.#process;
    this.#process.busy = 'rewinding';
    postgres.crash();
    this.#onceCopyMayGo(primary, () =>
      this.#copy(primary, REWIND_MS, (done) => {
        if (!done) return;
        rewind(postgres, primary);
        postgres.takeTimelineOf(primary);
        postgres.up = true;
      }),
    );
  }

  /** Whose source is not the leader any more starts what it has, and looks anew. */
  #onceCopyMayGo(primary: Postgres, then: () => void): void {
    awaitSource(primary, this.#process.world, this.#runner, (mayCopy) => {
      if (mayCopy) then();
      else {
        this.#process.busy = null;
        this.wantsClone = false;
        this.#wake();
      }
    });
  }

  #cloneFrom(primary: Postgres): void {
    const { postgres } = this.#process;
    this.#process.busy = 'cloning';
    this.wantsClone = true;
    postgres.crash();
    // What is half of a copy has nothing to lose.
    if (postgres.wal.length === 0) this.#wipeAndClone(primary);
    else this.#onceCopyMayGo(primary, () => this.#wipeAndClone(primary));
  }

  #wipeAndClone(primary: Postgres): void {
    const { site, postgres, world } = this.#process;
    world.note(`patroni ${site} clones from ${primary.site}`);
    postgres.follows = null;
    postgres.wal = [];
    primary.acknowledged.delete(site);
    primary.clones.set(site, 0);
    this.#copy(primary, CLONE_MS, (done) => {
      primary.clones.delete(site);
      if (!done) return;
      this.wantsClone = false;
      postgres.wal = primary.wal.slice(0, primary.flushed);
      postgres.takeTimelineOf(primary, new Set([primary.timeline]));
      postgres.up = true;
    });
  }

  /** Reads from its source for a while; a source that is lost meanwhile ends it, later. */
  #copy(
    source: Postgres,
    [shortest, longest]: readonly [number, number],
    end: (done: boolean) => void,
  ): void {
    const { life, postgres, world } = this.#process;
    world.time.after(world.random.between(shortest, longest), () => {
      const { up, primary } = source;
      const reads = up && primary && this.#hearing.hears(source.site, true);
      const done = life === this.#process.life && reads && !postgres.disk.stalled;
      world.time.after(done ? 0 : SOURCE_SILENT_MS, () => {
        const lives = life === this.#process.life;
        if (lives) this.#process.busy = null;
        end(done && lives);
      });
    });
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
