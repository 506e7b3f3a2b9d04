import type { Drawn } from '../../failover/core/simulation/drawn-faults.ts';
import {
  type Outcome,
  type Setting,
  simulate,
  WARM_UP_MS,
} from '../../failover/core/simulation/simulate.ts';
import fc from '../support/fast-check.ts';

/** What is left of a story: a setting that is still broken, and what it tells. */
export interface Shortest {
  readonly setting: Setting;
  readonly outcome: Outcome;
}

/** A fault that is left of what the seed drew, by percent of its time since the first could be, and of how long it lasts. */
interface Kept {
  readonly fault: Drawn;
  readonly at: number;
  readonly forMs: number;
}

interface Cut {
  readonly kept: readonly Kept[];
  /** Messages are lost and late, as ever. */
  readonly noisy: boolean;
}

/** All that is not drawn (delays, whom a client asks) goes another way in a shorter story, so a cut is tried with some seeds. */
const SEEDS = 3;
/** With nothing broken for so long a search has ended, or lasts too long. */
const SEARCH_MS = 120_000;

/**
 * A broken seed with as few faults as it takes, as short and as early as may be, and without any other loss of messages if it can be. By
 * the shrinking of fast-check, which takes the seed's own faults for its example.
 */
export function shortestStory(setting: Setting, nowMs = () => performance.now()): Shortest {
  const outcome = simulate(setting);
  let shortest: Shortest = { setting: { ...setting, drawn: outcome.drawn }, outcome };
  if (outcome.drawn.length === 0) return shortest;
  const giveUpAtMs = nowMs() + SEARCH_MS;
  const holds = (cut: Cut): boolean => {
    const broken = nowMs() < giveUpAtMs ? brokenBy(setting, cut) : null;
    if (broken !== null) shortest = broken;
    return broken === null;
  };
  const whole = outcome.drawn.map((fault) => ({ fault, at: 100, forMs: 100 }));
  fc.check(fc.property(cutsOf(outcome.drawn), holds), {
    numRuns: 1,
    examples: [[{ kept: whole, noisy: true }]],
  });
  return shortest;
}

/** Null of a seed in which all holds; else its shortest story. */
export const toldOf = (setting: Setting, { broken }: Outcome): string | null =>
  broken === null ? null : tell(shortestStory(setting));

/** For whoever reads it at three in the morning. */
export function tell({ setting: { seed, drawn, calm }, outcome }: Shortest): string {
  const faults = drawn!.map(({ fault, at, forMs }) => `${fault} at ${at} ms for ${forMs} ms`);
  const noise = calm ? 'no other message lost' : 'other messages lost and late';
  const cut = `seed ${seed}, ${faults.join(', ')}, ${noise}`;
  return [`${outcome.broken} (${cut})`, ...outcome.story].join('\n');
}

function brokenBy(setting: Setting, { kept, noisy }: Cut): Shortest | null {
  const drawn = kept.map(({ fault, at, forMs }) => ({
    fault: fault.fault,
    at: partOf(fault.at, at, WARM_UP_MS),
    forMs: partOf(fault.forMs, forMs, 0),
  }));
  // By the seed a setting may also be one of two sites.
  const witness = setting.witness ?? setting.seed % 4 === 3;
  for (let seed = setting.seed; seed < setting.seed + SEEDS; seed++) {
    const cut = { ...setting, ...{ seed, witness, drawn, calm: !noisy } };
    const outcome = simulate(cut);
    if (outcome.broken !== null) return { setting: cut, outcome };
  }
  return null;
}

/** Exactly the whole, since the least change is another story. */
const partOf = (ms: number, percent: number, leastMs: number): number =>
  percent === 100 ? ms : Math.round(leastMs + ((ms - leastMs) * percent) / 100);

function cutsOf(drawn: readonly Drawn[]) {
  const percent = fc.integer({ min: 0, max: 100 });
  const kept = fc.record({ fault: fc.constantFrom(...drawn), at: percent, forMs: percent });
  return fc.record({
    kept: fc.array(kept, { maxLength: drawn.length }),
    noisy: fc.boolean(),
  });
}
