import type { Site } from '../view.ts';
import type { PowerTold } from './agent/front-and-power.ts';
import type { Cluster } from './cluster.ts';
import { powerOff, powerOn } from './power.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

export interface BatteryOf {
  /** How long it lasts when it is full. */
  readonly lastsMs: number;
  /** What it says that is left, by what is; null where it says nothing of that, and never LB. It may lie. */
  readonly says?: (leftMs: number) => number | null;
  /** Without NUT's upsmon the machine is there until it has no power. */
  readonly upsmon?: false;
}

/** NUT shuts the machine down when no more than that is left (`battery.runtime.low`). */
const LOW_MS = 60_000;
/** What is on battery and silent for so long upsmon takes for dead (DEADTIME). */
const DEAD_MS = 15_000;
const LOOK_MS = 500;
/** Charging takes longer than it lasts. */
const CHARGES = 0.2;
/** The UPS cuts the power behind a shutdown, and gives it again if the mains are there. */
const CUT_MS = 20_000;

/**
 * The UPS of a site, its battery, and NUT on the machine: what that is told, when it goes down in order as by `farol leave`,
 * and when there is no power any more.
 */
export class Ups {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #site: Site;
  readonly #of: BatteryOf;
  #leftMs: number;
  #mains = true;
  #heard = true;
  #goesDown = false;
  #at: number;

  constructor(world: World, cluster: Cluster, site: Site, of: BatteryOf) {
    [this.#world, this.#cluster, this.#site, this.#of] = [world, cluster, site, of];
    this.#leftMs = of.lastsMs;
    this.#at = world.time.now;
    cluster.agents.get(site)!.hangOn(() => this.told());
    this.#look();
  }

  get onMains(): boolean {
    return this.#mains;
  }

  /** Until the machine goes down. */
  get leftMs(): number {
    return Math.max(0, this.#leftMs - LOW_MS);
  }

  mains(on: boolean): void {
    if (on === this.#mains) return;
    this.#pass();
    this.#mains = on;
    this.#world.note(`${this.#site} is ${on ? 'on mains' : 'on battery'}`);
  }

  /** Its cable, its driver or the switch before it is gone. */
  vanish(): void {
    this.#heard = false;
    this.#world.note(`the UPS of ${this.#site} says nothing`);
    this.#world.time.after(DEAD_MS, () => {
      if (!this.#mains && this.#of.upsmon !== false) this.#goDown();
    });
  }

  told(): PowerTold {
    const said = (this.#of.says ?? ((left) => left))(this.#leftMs);
    const charge = this.#leftMs / this.#of.lastsMs;
    if (!this.#heard) return { power: 'unknown', battery: null };
    // Ordered to go down, also if the mains are back since.
    if (this.#goesDown) return { power: 'low', battery: { charge, leftMs: 0 } };
    if (this.#mains) return { power: 'mains', battery: { charge, leftMs: null } };
    const leftMs = said === null ? null : Math.max(0, said - LOW_MS);
    return { power: leftMs === 0 ? 'low' : 'battery', battery: { charge, leftMs } };
  }

  #look(): void {
    this.#world.time.after(LOOK_MS, () => this.#look());
    this.#pass();
    const { network } = this.#world;
    if (!network.isOn(this.#site)) return;
    if (!this.#mains && this.#leftMs === 0) this.#cut();
    else if (this.#of.upsmon !== false && this.told().power === 'low') this.#goDown();
  }

  #pass(): void {
    const { now } = this.#world.time;
    const passed = now - this.#at;
    this.#at = now;
    // Behind a shutdown it gives no power, and loses none.
    const drains = this.#world.network.isOn(this.#site) ? -passed : 0;
    const change = this.#mains ? CHARGES * passed : drains;
    this.#leftMs = Math.max(0, Math.min(this.#of.lastsMs, this.#leftMs + change));
  }

  /** In order: the lead leaves, if another site takes it, and the machine is gone a moment later. */
  #goDown(): void {
    const { note, random, time } = this.#world;
    if (this.#goesDown || !this.#world.network.isOn(this.#site)) return;
    this.#goesDown = true;
    note(`${this.#site} goes down before its battery is empty`);
    if (primaryOf(this.#cluster.etcd.store) === this.#site)
      this.#cluster.agents
        .get(this.#site)!
        .deliver({ kind: 'switchover-wanted', id: 'leave', to: null });
    if (this.#world.alone)
      this.#cluster.agents.get(this.#site)!.deliver({ kind: 'leave-wanted', id: 'leave' });
    time.after(random.between(10_000, 25_000), () => {
      if (this.#goesDown) this.#cut();
    });
  }

  #cut(): void {
    if (powerOff(this.#world, this.#cluster, this.#site)) this.#return();
  }

  #return(): void {
    this.#world.time.after(CUT_MS, () => {
      if (!this.#mains) return this.#return();
      this.#goesDown = false;
      powerOn(this.#world, this.#cluster, this.#site);
    });
  }
}
