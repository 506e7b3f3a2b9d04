import { minutesIn } from './duration.ts';
import type { Operator } from './operate.ts';

const MINUTES_MAX = 1_440;
const UNLESS_TOLD = '2h';

/** A pause of all automatic moves by another name: it holds at all agents, and always ends. Rejects with what is wrong with it. */
export async function maintenance(
  operator: Pick<Operator, 'pause'>,
  what: string | undefined,
  given = UNLESS_TOLD,
): Promise<string> {
  if (what === 'off') return operator.pause(0);
  if (what !== 'on') throw new Error('`farol maintenance on [--for 2h]`, or `off`.');
  const minutes = minutesIn(given);
  if (minutes === null || minutes <= 0 || minutes > MINUTES_MAX)
    throw new Error(
      `--for ${given} is no time: 2h, 45m or 1h30m, up to 24h, since one that is forgotten must end.`,
    );
  return operator.pause(minutes);
}
