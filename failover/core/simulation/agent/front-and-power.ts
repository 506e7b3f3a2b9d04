import type { Input } from '../../inputs.ts';
import type { World } from '../world.ts';

export type PowerTold = Omit<Extract<Input, { kind: 'power' }>, 'kind'>;

/** What a site's front and its power are like: made worse by faults, and looked at by the agent. */
export class FrontAndPower {
  readonly #world: World;
  #frontDownUntil = 0;
  #battery: { until: number; power: 'battery' | 'low' } = { until: 0, power: 'battery' };
  #ups: (() => PowerTold) | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  get frontIsUp(): boolean {
    return this.#frontDownUntil <= this.#world.time.now;
  }

  /** Null where nothing tells of a change from `known`. */
  toldSince(known: PowerTold['power']): PowerTold | null {
    if (this.#ups !== null) return this.#ups();
    const power = this.#battery.until > this.#world.time.now ? this.#battery.power : 'mains';
    return power === known ? null : { power };
  }

  frontDown(forMs: number): void {
    this.#frontDownUntil = this.#world.time.now + forMs;
  }

  battery(forMs: number, power: 'battery' | 'low'): void {
    this.#battery = { until: this.#world.time.now + forMs, power };
  }

  hangOn(ups: () => PowerTold): void {
    this.#ups = ups;
  }
}
