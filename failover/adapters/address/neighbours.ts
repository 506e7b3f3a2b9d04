import { outputOf } from '../program.ts';

export interface Announced {
  readonly interface: string;
  /** Without the length of its prefix. */
  readonly address: string;
}

/** How the neighbours on a LAN are told, and asked, who has an address. */
interface Neighbours {
  tell(announced: Announced): Promise<unknown>;
  /** Whether another host has it too; asked in a way that we ourselves do not answer. */
  ask(announced: Announced): Promise<boolean>;
}

export const isIpv6 = (address: string): boolean => address.includes(':');

/** One lost frame must not cost minutes (F18): at once, again within the second, and then for ever. */
const BURST_AFTER_MS = [0, 100, 300, 1_000];
const REPEAT_EVERY_MS = 5_000;
const PROGRAM_ENDS_WITHIN_MS = 3_000;

/** Tells the neighbours that the address is here, until stopped, and says so if another host has it too. */
export function announce(announced: Announced, onTrouble: (error: unknown) => void): () => void {
  const neighbours = isIpv6(announced.address) ? ndp : arp;
  const timers = new Set<NodeJS.Timeout>();
  const tell = () => void neighbours.tell(announced).catch(onTrouble);
  for (const afterMs of BURST_AFTER_MS) timers.add(setTimeout(tell, afterMs));
  const repeat = setInterval(() => {
    tell();
    void neighbours.ask(announced).then((isElsewhere) => {
      if (isElsewhere) onTrouble(new Error(`another host answers for ${announced.address}`));
    }, onTrouble);
  }, REPEAT_EVERY_MS);
  return () => {
    clearInterval(repeat);
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Gratuitous ARP as request and as reply, since some listen to one only; RFC 5227, section 2.1.1. */
const arp: Neighbours = {
  tell: (announced) => Promise.all(['-U', '-A'].map((kind) => arping(kind, announced))),
  ask: async (announced) => (await arping('-D', announced)) === ARPING_OTHERWISE,
};

/** Somebody answered the question; or nobody the announcement, which some versions call a failure. */
const ARPING_OTHERWISE = 1;

const arping = (kind: string, { interface: device, address }: Announced) =>
  codeOf('arping', [kind, '-q', '-c', '1', '-w', '1', '-I', device, address], ARPING_OTHERWISE);

/** Unsolicited advertisements that override what is known (RFC 4861, section 7.2.6). */
const ndp: Neighbours = {
  tell: ({ interface: device, address }) =>
    codeOf('ndptool', ['-t', 'na', '-U', '-i', device, '-T', address, 'send']),
  async ask({ interface: device, address }) {
    const options = ['-q', '-1', '-r', '1', '-w', '1000', address, device];
    return (await codeOf('ndisc6', options, NDISC6_NOBODY)) === 0;
  },
};

const NDISC6_NOBODY = 2;

/** Zero, or the one other exit code that says something; any other end of the program is thrown. */
async function codeOf(
  program: string,
  options: readonly string[],
  otherwise?: number,
): Promise<number> {
  try {
    await outputOf(program, options, { withinMs: PROGRAM_ENDS_WITHIN_MS });
    return 0;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (otherwise !== undefined && code === otherwise) return otherwise;
    throw error;
  }
}
