import type { Input } from '../../inputs.ts';
import type { World } from '../world.ts';

/** What `ip` was told to do: how long it takes, and what comes of it when it has run. */
export interface Job {
  readonly takesMs: number;
  readonly run: () => Input;
}

interface InterfacePorts {
  readonly world: World;
  readonly clock: () => number;
  readonly changed: () => void;
}

/** A machine's interface, with the address on it or not: the driver for a LAN, `ip`, and the kernel below. */
export class Interface {
  readonly #ports: InterfacePorts;
  #until: number | null = null;
  #slowUntil = 0;
  #brokenUntil = 0;

  constructor(ports: InterfacePorts) {
    this.#ports = ports;
  }

  get carriesAddress(): boolean {
    return this.#until !== null;
  }

  /** In true time; null where it is not there. */
  get until(): number | null {
    return this.#until;
  }

  /** `ip` and `iptables` take seconds, as on a machine that swaps. */
  slow(forMs: number): void {
    this.#slowUntil = this.#ports.world.time.now + forMs;
  }

  /** Every order fails; one to hold it may have been carried out, or for one of several addresses. */
  break(forMs: number): void {
    this.#brokenUntil = this.#ports.world.time.now + forMs;
  }

  /** With its power the machine loses all that the kernel knew. */
  lose(): void {
    this.#set(null);
  }

  /** The kernel counts whole seconds from when `ip` really ran. */
  hold(until: number): Job {
    const { world, clock } = this.#ports;
    const { bugs, random, time } = world;
    const asked = clock();
    return this.#job(() => {
      const from = bugs.lifetimeFromTheOrder ? asked : clock();
      const seconds = Math.floor((until - from) / 1_000);
      if (seconds < 1) return { kind: 'failed', effect: 'hold-address', reason: 'too late' };
      const broken = this.#isBroken;
      const ends = bugs.addressWithoutLifetime ? Number.POSITIVE_INFINITY : seconds * 1_000;
      if (!broken || random.next() < 0.5) this.#set(time.now + ends);
      return broken ? { ...BROKEN, effect: 'hold-address' } : { kind: 'address-held' };
    });
  }

  drop(): Job {
    return this.#job(() => {
      if (this.#isBroken) return { ...BROKEN, effect: 'drop-address' };
      this.#set(null);
      return { kind: 'address-dropped' };
    });
  }

  #job(run: () => Input): Job {
    const { time, random } = this.#ports.world;
    const isSlow = this.#slowUntil > time.now;
    return { takesMs: isSlow ? random.between(100, 3_000) : random.between(5, 100), run };
  }

  get #isBroken(): boolean {
    return this.#brokenUntil > this.#ports.world.time.now;
  }

  #set(until: number | null): void {
    const { world, changed } = this.#ports;
    this.#until = until;
    changed();
    if (until === null || until === Number.POSITIVE_INFINITY) return;
    world.time.at(until, () => {
      if (this.#until === until) this.#set(null);
    });
  }
}

const BROKEN = { kind: 'failed', reason: 'ip does not work' } as const;
