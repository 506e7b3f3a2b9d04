import type { World } from './world.ts';

/** The first thing that was broken, and when. */
export class Verdict {
  readonly #world: World;
  #broken: string | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  get broken(): string | null {
    return this.#broken;
  }

  fail(what: string): void {
    const { time, note } = this.#world;
    this.#broken ??= `${what}, at ${time.now.toFixed(0)} ms`;
    note(`BROKEN: ${what}`);
  }
}
