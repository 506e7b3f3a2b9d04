import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isIpv6 } from './neighbours.ts';

const run = promisify(execFile);
const PROGRAM_ENDS_WITHIN_MS = 2_000;

export interface Door {
  close(): Promise<void>;
  open(): Promise<void>;
}

/**
 * Closed, the first packet of a new connection to the address is dropped without a word. Its sender
 * repeats it after a second and finds the address at its new site; a refusal it would have to bear.
 * What is connected goes on.
 */
export function doorOf(address: string): Door {
  const rule = ['-d', address, '-p', 'tcp', '--syn', '-j', 'DROP'];
  const filter = (action: '-I' | '-D') =>
    run(isIpv6(address) ? 'ip6tables' : 'iptables', ['-w', '1', action, 'INPUT', ...rule], {
      timeout: PROGRAM_ENDS_WITHIN_MS,
    });
  // An earlier process may have left it closed.
  let known: 'open' | 'closed' | undefined;
  return {
    async close() {
      if (known === 'closed') return;
      await filter('-I');
      known = 'closed';
    },
    async open() {
      if (known === 'open') return;
      await removeAll(() => filter('-D'));
      known = 'open';
    },
  };
}

/** iptables takes one of equal rules away at a time, and fails where there is none. */
async function removeAll(removeOne: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < RULES_MAX; count++) {
    try {
      await removeOne();
    } catch {
      return;
    }
  }
}

const RULES_MAX = 10;
