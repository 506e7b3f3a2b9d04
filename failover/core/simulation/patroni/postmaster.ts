import type { Site } from '../../view.ts';
import type { Parts } from './parts.ts';
import type { Process } from './process.ts';
import { DISK_AGAIN_MS, RELEASE_AFTER_MS } from './timings.ts';

const STOP_WITHIN_MS = 10_000;
const RESTART_MS = 1_500;

/** How a Patroni starts its PostgreSQL and ends it (postmaster.py). */
export class Postmaster {
  readonly #process: Process;
  readonly #parts: Parts;
  /** PostgreSQL was stopped for a switchover, and has not been started since: Patroni's own word. */
  endedInOrder = false;
  /** The machine has just started: nothing of its PostgreSQL runs. */
  began = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#process = parts.process;
  }

  start(): void {
    // Whose copy is half of one has nothing to start.
    if (this.#parts.copying.wantsClone) return;
    const { postgres, world } = this.#process;
    this.#process.busy = 'starting';
    this.began = false;
    this.#process.onDisk(world.random.between(0.5, 1) * RESTART_MS, () => {
      this.#process.busy = null;
      this.endedInOrder = false;
      postgres.up = true;
      postgres.stream();
    });
  }

  demote(): void {
    const { site, postgres, world } = this.#process;
    world.note(`patroni ${site} demotes`);
    if (postgres.disk.stalled) this.#stopOnceDiskAnswers();
    else postgres.demote();
  }

  /** Ends PostgreSQL in order: what streams then has everything. A second later the key is released. */
  stopFor(to: Site): void {
    const { site, postgres, world } = this.#process;
    world.note(`patroni ${site} stops for ${to}`);
    this.#process.busy = 'stopping';
    postgres.shutDown();
    this.#process.later(world.random.between(100, 300), () => this.#endInOrder(to, STOP_WITHIN_MS));
  }

  /** signal_kill: who waits for a disk is not ended by SIGKILL either. */
  #stopOnceDiskAnswers(): void {
    const { postgres } = this.#process;
    this.#process.busy = 'stopping';
    postgres.shutDown();
    this.#process.onDisk(DISK_AGAIN_MS, () => {
      this.#process.busy = null;
      postgres.demote();
    });
  }

  /** PostgreSQL ends when all that stream have everything; who is silent for longer does not stream. */
  #endInOrder(to: Site, withinMs: number): void {
    const { postgres } = this.#process;
    if (postgres.disk.stalled) {
      this.#process.onDisk(DISK_AGAIN_MS, () => this.#endInOrder(to, withinMs));
      return;
    }
    const { hearing, synchronous } = this.#parts;
    const others = [...hearing.postgreses.values()].filter(({ site }) => hearing.hears(site));
    const awaited = others.some(({ site, stalled }) => stalled && synchronous.isActive(site));
    if (awaited && withinMs > 0) {
      this.#process.later(100, () => this.#endInOrder(to, withinMs - 100));
      return;
    }
    for (const other of others) {
      if (other.stalled) continue;
      for (const entry of postgres.wal.slice(other.wal.length)) other.wal.push(entry);
    }
    postgres.demote();
    this.endedInOrder = true;
    this.#process.later(RELEASE_AFTER_MS, () => this.#releaseTo(to));
  }

  #releaseTo(to: Site): void {
    this.#process.busy = null;
    this.#parts.key.giveBack(() => this.#parts.hearing.wake(to));
  }
}
