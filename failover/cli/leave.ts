import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../status/status.ts';
import type { Operator } from './operate.ts';

interface Patience {
  readonly withinMs: number;
  readonly lookEveryMs: number;
}

/** A switchover behind a long checkpoint, and the connections to the address; less than its unit is given. */
const PATIENCE: Patience = { withinMs: 75_000, lookEveryMs: 250 };

/**
 * Before this machine goes down: nobody is to feel it. The primary and the lead go first, and the address
 * follows once its clients have their answers. Returns the exit code.
 */
export async function leave(
  operator: Pick<Operator, 'status' | 'switchover'>,
  print: (text: string) => void,
  { withinMs, lookEveryMs }: Patience = PATIENCE,
): Promise<number> {
  const until = performance.now() + withinMs;
  const { site, ...before } = await operator.status();
  if (has(site, before).length === 0) return say(print, `${site} leads nothing: it may go.`, 0);
  if (leads(site, before)) {
    const answer = await operator.switchover(null).catch((error: Error) => error);
    if (answer instanceof Error) return say(print, `${site} goes as it is: ${answer.message}`, 1);
    print(answer);
  }
  for (;;) {
    const left = has(site, await operator.status());
    if (left.length === 0) return say(print, `${site} has left: it may go.`, 0);
    if (performance.now() >= until)
      return say(print, `${site} goes as it is: it still has ${left.join(' and ')}.`, 1);
    await sleep(lookEveryMs);
  }
}

type Places = Pick<Status, 'leader' | 'primary' | 'address'>;

const has = (site: string, { leader, primary, address }: Places): string[] => [
  ...(leader === site ? ['the lead'] : []),
  ...(primary === site ? ['the primary'] : []),
  ...(address === site ? ['the address'] : []),
];

const leads = (site: string, { leader, primary }: Places) => leader === site || primary === site;

function say(print: (text: string) => void, text: string, code: number): number {
  print(text);
  return code;
}
