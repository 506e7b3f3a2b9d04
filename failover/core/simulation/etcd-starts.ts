import type { Site } from '../view.ts';
import type { World } from './world.ts';

/** What the start of a member asks of the others. */
export interface Elsewhere {
  /** Whether those that it reaches name it, by a word that a majority stands for; null where nobody gives one. */
  readonly named: (site: Site) => boolean | null;
  readonly remove: (site: Site) => void;
  /** Takes it in, empty, under another id; false where etcd refuses. */
  readonly takeIn: (site: Site) => boolean;
}

const LOOKS_AGAIN_MS = 2_000;
const STARTS_MS = 1_000;

/**
 * Which members of etcd run: one that was told that it is none any more has ended, and what starts it (patroni-config/etcd-guard) has it
 * taken in anew. Of that nothing is needed while nobody is removed.
 */
export class EtcdStarts {
  readonly #world: World;
  readonly #elsewhere: Elsewhere;
  /** By their last words. */
  readonly #removed = new Set<Site>();
  readonly #lives = new Map<Site, number>();

  constructor(world: World, elsewhere: Elsewhere) {
    [this.#world, this.#elsewhere] = [world, elsewhere];
  }

  runs(site: Site): boolean {
    return !this.#removed.has(site);
  }

  wasRemoved(site: Site): void {
    if (this.#removed.has(site)) return;
    this.#removed.add(site);
    this.#again(site, STARTS_MS);
  }

  powerOff(site: Site): void {
    this.#lives.set(site, this.#lifeOf(site) + 1);
  }

  powerOn(site: Site): void {
    if (this.#removed.has(site)) this.#again(site, STARTS_MS);
  }

  #lifeOf(site: Site): number {
    return this.#lives.get(site) ?? 0;
  }

  #again(site: Site, inMs: number): void {
    const { time, random } = this.#world;
    const life = this.#lifeOf(site);
    time.after(inMs * random.between(0.7, 1.3), () => {
      if (life === this.#lifeOf(site) && this.#removed.has(site)) this.#rejoin(site);
    });
  }

  #rejoin(site: Site): void {
    const named = this.#elsewhere.named(site);
    if (named === true) this.#elsewhere.remove(site);
    if (named !== false || !this.#elsewhere.takeIn(site)) {
      this.#again(site, LOOKS_AGAIN_MS);
      return;
    }
    this.#world.note(`etcd of ${site} starts, and was taken in anew`);
    this.#removed.delete(site);
  }
}
