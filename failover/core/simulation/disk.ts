import type { DiskReport } from '../view.ts';
import type { World } from './world.ts';

/** What a disk that is let be has free. */
const ROOM = 0.5;

/** PostgreSQL's disk at one site, and what the agent's probe says of it (F11, F12). */
export class Disk {
  readonly #world: World;
  #stalledFrom = 0;
  #stalledUntil = 0;
  #filling = { from: 0, free: ROOM, perSecond: 0, until: 0 };

  constructor(world: World) {
    this.#world = world;
  }

  get stalled(): boolean {
    return this.#stalledUntil > this.#world.time.now;
  }

  get free(): number {
    const { from, free, perSecond, until } = this.#filling;
    const { now } = this.#world.time;
    return now >= until ? ROOM : Math.max(0, free - (perSecond * (now - from)) / 1_000);
  }

  get report(): DiskReport {
    const silentMs = this.stalled ? this.#world.time.now - this.#stalledFrom : 0;
    return { silentMs, free: this.free, scarce: 'space', trouble: null };
  }

  /** Whatever is written and synced there comes back only then. */
  stall(forMs: number): void {
    const { now } = this.#world.time;
    if (!this.stalled) this.#stalledFrom = now;
    this.#stalledUntil = Math.max(this.#stalledUntil, now + forMs);
  }

  /** Something else fills it; in the end somebody makes room. */
  fill(free: number, perSecond: number, forMs: number): void {
    const { now } = this.#world.time;
    this.#filling = { from: now, free, perSecond, until: now + forMs };
  }

  mend(): void {
    this.#stalledUntil = 0;
    this.#filling.until = 0;
  }
}
