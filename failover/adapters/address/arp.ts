import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Millis } from '../../core/timings.ts';
import type { AddressDriver, Ground } from './address-driver.ts';
import { doorOf } from './door.ts';
import { announce, isIpv6 } from './neighbours.ts';

const run = promisify(execFile);

export interface ArpAddress {
  readonly interface: string;
  /** With the length of its prefix, such as 192.0.2.10/24. */
  readonly address: string;
}

const PROGRAM_ENDS_WITHIN_MS = 2_000;

/**
 * The address on an interface of a LAN. The kernel counts its lifetime: a frozen or killed agent
 * loses it without doing anything (F17), and no clean-up has to run for that.
 */
export function arpDriver(
  { interface: device, address }: ArpAddress,
  { now, onTrouble }: Ground,
): AddressDriver {
  const bare = address.replace(/\/.*$/, '');
  const door = doorOf(bare);
  let stopAnnouncing: (() => void) | undefined;

  const quiet = () => {
    stopAnnouncing?.();
    stopAnnouncing = undefined;
  };

  return {
    async hold(until) {
      if (stopAnnouncing === undefined) await door.open();
      await add(until);
      stopAnnouncing ??= announce({ interface: device, address: bare }, onTrouble);
    },

    refuseNew: () => door.close(),

    async drop() {
      quiet();
      for (const held of await shown()) await ip('address', 'delete', held, 'dev', device);
      await door.open();
    },

    present: async () => (await shown()).length > 0,
    close: quiet,
  };

  /** The kernel counts from when it is told, which may be late; then it is told again. */
  async function add(until: Millis): Promise<void> {
    let tookMs = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      const askedAt = now();
      const seconds = Math.floor((until - KERNEL_LATE_MS - askedAt - tookMs) / 1_000);
      if (seconds < 1) break;
      // Never preferred: the site's own connections must not come from an address that leaves.
      const life = ['valid_lft', String(seconds), 'preferred_lft', '0'];
      // Without waiting for duplicate address detection: the lease says who has it.
      const flags = isIpv6(bare) ? ['nodad'] : [];
      await ip('address', 'replace', address, 'dev', device, ...life, ...flags);
      if (now() + seconds * 1_000 + KERNEL_LATE_MS <= until) return;
      tookMs = now() - askedAt;
    }
    for (const held of await shown()) await ip('address', 'delete', held, 'dev', device);
    throw new Error(`the lease has too little left to hold ${bare} for`);
  }

  /** As the kernel writes it, which need not be as we do; whatever the length of its prefix. */
  async function shown(): Promise<string[]> {
    const { stdout } = await ip('-json', 'address', 'show', 'dev', device, 'to', bare);
    const links = JSON.parse(stdout) as { addr_info?: { local?: string; prefixlen?: number }[] }[];
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

const ip = (...options: string[]) => run('ip', options, { timeout: PROGRAM_ENDS_WITHIN_MS });
