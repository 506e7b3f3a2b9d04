import type { Millis } from '../../core/timings.ts';
import { outputOf } from '../program.ts';
import type { AddressDriver, Ground } from './address-driver.ts';
import { type Door, doorOf } from './door.ts';
import { type Announced, isIpv6 } from './neighbours.ts';

export interface AddressOnInterface {
  readonly interface: string;
  /** With the length of its prefix, such as 192.0.2.10/24. */
  readonly address: string;
}

const PROGRAM_ENDS_WITHIN_MS = 2_000;

/** Tells the neighbours that the address is here, until it is stopped. */
type Announce = (announced: Announced, onTrouble: (error: unknown) => void) => () => void;

/**
 * The address on an interface. The kernel counts its lifetime: a frozen or killed agent loses it without doing
 * anything (F17), and no clean-up has to run for that. On a LAN it is announced; where a routing daemon announces what an
 * interface carries nobody else has to.
 */
export class OnInterface implements AddressDriver {
  readonly #device: string;
  readonly #address: string;
  readonly #bare: string;
  readonly #ground: Ground;
  readonly #door: Door;
  readonly #announce: Announce;
  #stopAnnouncing: (() => void) | undefined;

  constructor(
    { interface: device, address }: AddressOnInterface,
    ground: Ground,
    announce: Announce = () => () => undefined,
  ) {
    [this.#device, this.#address, this.#ground] = [device, address, ground];
    this.#announce = announce;
    this.#bare = address.replace(/\/.*$/, '');
    this.#door = doorOf(this.#bare);
  }

  async hold(until: Millis): Promise<void> {
    if (this.#stopAnnouncing === undefined) await this.#door.open();
    await this.#add(until);
    const announced = { interface: this.#device, address: this.#bare };
    this.#stopAnnouncing ??= this.#announce(announced, this.#ground.onTrouble);
  }

  refuseNew(): Promise<void> {
    return this.#door.close();
  }

  async drop(): Promise<void> {
    this.close();
    await this.#delete();
    await this.#door.open();
  }

  async present(): Promise<boolean> {
    return (await this.#shown()).length > 0;
  }

  close(): void {
    this.#stopAnnouncing?.();
    this.#stopAnnouncing = undefined;
  }

  /** The kernel counts from when it is told, which may be late; then it is told again. */
  async #add(until: Millis): Promise<void> {
    const { now } = this.#ground;
    let tookMs = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      const askedAt = now();
      const seconds = Math.floor((until - KERNEL_LATE_MS - askedAt - tookMs) / 1_000);
      if (seconds < 1) break;
      await this.#addFor(seconds);
      if (now() + seconds * 1_000 + KERNEL_LATE_MS <= until) return;
      tookMs = now() - askedAt;
    }
    await this.#delete();
    throw new Error(`the lease has too little left to hold ${this.#bare} for`);
  }

  async #addFor(seconds: number): Promise<void> {
    // Never preferred: the site's own connections must not come from an address that leaves.
    const life = ['valid_lft', String(seconds), 'preferred_lft', '0'];
    // Without waiting for duplicate address detection: the lease says who has it.
    const flags = isIpv6(this.#bare) ? ['nodad'] : [];
    await ip('address', 'replace', this.#address, 'dev', this.#device, ...life, ...flags);
  }

  async #delete(): Promise<void> {
    for (const held of await this.#shown()) {
      try {
        await ip('address', 'delete', held, 'dev', this.#device);
      } catch (error) {
        // Its lifetime may have ended in between.
        if ((await this.#shown()).includes(held)) throw error;
      }
    }
  }

  /** As the kernel writes it, which need not be as we do; whatever the length of its prefix. */
  async #shown(): Promise<string[]> {
    const shown = await ip('-json', 'address', 'show', 'dev', this.#device, 'to', this.#bare);
    const links = JSON.parse(shown) as { addr_info?: { local?: string; prefixlen?: number }[] }[];
    return links.flatMap(({ addr_info: addresses = [] }) =>
      addresses
        .filter(({ local }) => local !== undefined)
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    );
  }
}

/** It looks for lifetimes that are over at most a quarter of a second late (ADDRCONF_TIMER_FUZZ). */
const KERNEL_LATE_MS = 250;
const TRIES = 3;

const ip = (...options: string[]) => outputOf('ip', options, { withinMs: PROGRAM_ENDS_WITHIN_MS });
