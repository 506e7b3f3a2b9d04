import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Announced {
  readonly interface: string;
  /** Without the length of its prefix. */
  readonly address: string;
}

export const isIpv6 = (address: string): boolean => address.includes(':');

/** One lost frame must not cost minutes (F18): at once, again within the second, and then for ever. */
const BURST_AFTER_MS = [0, 100, 300, 1_000];
const REPEAT_EVERY_MS = 5_000;
const PROGRAM_ENDS_WITHIN_MS = 3_000;

/**
 * Tells the neighbours that the address is here, until stopped: gratuitous ARP as request and as
 * reply, since some listen to one only. For IPv6 the kernel itself sends the unsolicited
 * advertisement when the address is added (`ndisc_notify`), so here is nothing to repeat.
 */
export function announce(announced: Announced, onTrouble: (error: unknown) => void): () => void {
  if (isIpv6(announced.address)) return () => undefined;
  const timers = new Set<NodeJS.Timeout>();
  const send = () =>
    void Promise.all([arping('-U', announced), arping('-A', announced)]).catch(onTrouble);
  for (const afterMs of BURST_AFTER_MS) timers.add(setTimeout(send, afterMs));
  const repeat = setInterval(() => {
    send();
    void isElsewhereToo(announced).then((elsewhere) => {
      if (elsewhere) onTrouble(new Error(`another host answers for ${announced.address}`));
    }, onTrouble);
  }, REPEAT_EVERY_MS);
  return () => {
    clearInterval(repeat);
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Asks who has the address in a way that we ourselves do not answer (RFC 5227, section 2.1.1). */
export async function isElsewhereToo({ interface: device, address }: Announced): Promise<boolean> {
  try {
    await run('arping', ['-D', '-q', '-c', '1', '-w', '1', '-I', device, address], {
      timeout: PROGRAM_ENDS_WITHIN_MS,
    });
    return false;
  } catch (error) {
    // Its exit code 1 says that somebody answered; anything else, that it could not ask.
    if ((error as { code?: unknown }).code === 1) return true;
    throw error;
  }
}

async function arping(kind: '-U' | '-A', { interface: device, address }: Announced): Promise<void> {
  const options = [kind, '-q', '-c', '1', '-w', '1', '-I', device, address];
  try {
    await run('arping', options, { timeout: PROGRAM_ENDS_WITHIN_MS });
  } catch (error) {
    // Nobody answers an announcement, and some versions call that a failure.
    if ((error as { code?: unknown }).code !== 1) throw error;
  }
}
