import { outputOf } from '../program.ts';
import { isIpv6 } from './neighbours.ts';

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
  const filter = (action: '-C' | '-I' | '-D') =>
    outputOf(isIpv6(address) ? 'ip6tables' : 'iptables', ['-w', '1', action, 'INPUT', ...rule], {
      withinMs: PROGRAM_ENDS_WITHIN_MS,
    });
  const isClosed = () => filter('-C').then(() => true, otherThan(NO_SUCH_RULE));
  // An earlier process may have left it closed; an order that failed may have been carried out.
  let known: 'open' | 'closed' | undefined;
  return {
    async close() {
      if (known === 'closed') return;
      known = undefined;
      await filter('-I');
      known = 'closed';
    },
    async open() {
      if (known === 'open') return;
      known = undefined;
      // One of equal rules goes at a time. Open is only what was seen to be: an address behind a rule that
      // stayed would answer nobody, beside a front that is well.
      for (let count = 0; await isClosed(); count++) {
        if (count === RULES_MAX) throw new Error(`${RULES_MAX} rules still close the door`);
        await filter('-D');
      }
      known = 'open';
    },
  };
}

const RULES_MAX = 10;

/** What iptables says of a rule that is not there; any other end of it says nothing. */
const NO_SUCH_RULE = 1;

const otherThan = (code: number) => (error: unknown) => {
  if ((error as { code?: unknown }).code === code) return false;
  throw error;
};
