import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Millis } from '../../core/timings.ts';
import type { AddressDriver } from './address-driver.ts';
import { doorOf } from './door.ts';
import { announce, isIpv6 } from './neighbours.ts';

const run = promisify(execFile);

export interface ArpOptions {
  readonly interface: string;
  /** With the length of its prefix, such as 192.0.2.10/24. */
  readonly address: string;
  /** The clock that `until` is read on. */
  readonly now: () => Millis;
  readonly onTrouble: (error: unknown) => void;
}

const PROGRAM_ENDS_WITHIN_MS = 2_000;

/**
 * The address on an interface of a LAN. The kernel counts its lifetime: a frozen or killed agent
 * loses it without doing anything (F17), and no clean-up has to run for that.
 */
export function arpDriver({
  interface: device,
  address,
  now,
  onTrouble,
}: ArpOptions): AddressDriver {
  const bare = address.replace(/\/.*$/, '');
  const door = doorOf(bare);
  let stopAnnouncing: (() => void) | undefined;

  const quiet = () => {
    stopAnnouncing?.();
    stopAnnouncing = undefined;
  };

  return {
    async hold(until) {
      // Whole seconds, rounded down: it must be gone before another site may have it.
      const seconds = Math.floor((until - now()) / 1_000);
      if (seconds < 1) throw new Error('the lease has less than a second left');
      if (stopAnnouncing === undefined) await door.open();
      const life = ['valid_lft', String(seconds), 'preferred_lft', String(seconds)];
      // Without waiting for duplicate address detection: the lease says who has it.
      const flags = isIpv6(bare) ? ['nodad'] : [];
      await ip('address', 'replace', address, 'dev', device, ...life, ...flags);
      stopAnnouncing ??= announce({ interface: device, address: bare }, onTrouble);
    },

    refuseNew: () => door.close(),

    async drop() {
      quiet();
      if (await isPresent()) await ip('address', 'delete', address, 'dev', device);
      await door.open();
    },

    present: isPresent,
    close: quiet,
  };

  async function isPresent(): Promise<boolean> {
    const { stdout } = await ip('-json', 'address', 'show', 'dev', device);
    const links = JSON.parse(stdout) as { addr_info?: { local?: string; prefixlen?: number }[] }[];
    return links.some((link) =>
      link.addr_info?.some(({ local, prefixlen }) => `${local}/${prefixlen}` === address),
    );
  }
}

const ip = (...options: string[]) => run('ip', options, { timeout: PROGRAM_ENDS_WITHIN_MS });
