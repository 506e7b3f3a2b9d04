import { type Drawn, FAULT_MS_MIN } from '../../failover/core/simulation/drawn-faults.ts';
import {
  type Outcome,
  type Setting,
  simulate,
  WARM_UP_MS,
} from '../../failover/core/simulation/simulate.ts';
import fc from '../support/fast-check.ts';

/** What is left of a story: a setting that is still broken, and what it tells. */
export interface Shortest {
  /** What was broken by the seed that was given, all of it. */
  readonly first: { readonly seed: number; readonly broken: string };
  readonly setting: Setting;
  readonly outcome: Outcome;
}

/** A fault that is left of what the seed drew, by percent of its time since the first could be, and of how long it lasts. */
interface Kept {
  readonly fault: Drawn;
  readonly at: number;
  readonly forMs: number;
}

/** In a test a clock of its own, and another simulation. */
interface Searching {
  readonly nowMs: () => number;
  readonly run: (setting: Setting) => Outcome;
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
 * A broken seed that breaks the same with as few faults as it takes, as short and as early as may be, and without any other loss of
 * messages if it can be. By the shrinking of fast-check, which takes the seed's own faults for its example.
 */
export function shortestStory(
  setting: Setting,
  { nowMs = () => performance.now(), run = simulate }: Partial<Searching> = {},
): Shortest {
  const outcome = run(setting);
  const first = { seed: setting.seed, broken: outcome.broken ?? 'Nothing' };
  // By the seed a setting may also be one of two sites, and a cut is tried with others.
  const whole = { ...setting, witness: setting.witness ?? setting.seed % 4 === 3 };
  let shortest: Shortest = { first, setting: { ...whole, drawn: outcome.drawn }, outcome };
  if (outcome.broken === null || outcome.drawn.length === 0) return shortest;
  const kind = kindOf(outcome.broken);
  const breaksTheSame = (cut: Setting): boolean => {
    const outcome = run(cut);
    const isSo = outcome.broken !== null && kindOf(outcome.broken) === kind;
    if (isSo) shortest = { first, setting: cut, outcome };
    return isSo;
  };
  const giveUpAtMs = nowMs() + SEARCH_MS;
  const holds = (cut: Cut): boolean => {
    const broken = nowMs() < giveUpAtMs ? settingsOf(whole, cut).find(breaksTheSame) : undefined;
    return broken === undefined;
  };
  const all = outcome.drawn.map((fault) => ({ fault, at: 100, forMs: 100 }));
  fc.check(fc.property(cutsOf(outcome.drawn), holds), {
    numRuns: 1,
    examples: [[{ kept: all, noisy: true }]],
  });
  return shortest;
}

/** Null of a seed in which all holds; else its shortest story. */
export const toldOf = (setting: Setting, { broken }: Outcome): string | null =>
  broken === null ? null : tell(shortestStory(setting));

/** For whoever reads it at three in the morning. */
export function tell({ first, setting, outcome }: Shortest): string {
  const { seed, drawn, calm } = setting;
  const faults = drawn!.map(({ fault, at, forMs }) => `${fault} at ${at} ms for ${forMs} ms`);
  const noise = calm ? 'no other message lost' : 'other messages lost and late';
  const cut = `seed ${seed}, ${faults.join(', ')}, ${noise}`;
  return [
    `${first.broken} (seed ${first.seed})`,
    `In short: ${outcome.broken} (${cut})`,
    `Again: simulate(${JSON.stringify(setting)})`,
    ...outcome.story,
  ].join('\n');
}

/** What was broken, whoever and whatever it was broken by: the sentence without its names and numbers, but for that of the invariant. */
export const kindOf = (broken: string): string =>
  broken.replaceAll(/\b(?!I\d:)(?:[abcw]\b|\w*\d)\S*/g, '…');

/** With some seeds each. */
function settingsOf(setting: Setting, { kept, noisy }: Cut): Setting[] {
  const drawn = kept.map(({ fault, at, forMs }) => ({
    fault: fault.fault,
    at: partOf(fault.at, at, WARM_UP_MS),
    forMs: partOf(fault.forMs, forMs, FAULT_MS_MIN),
  }));
  return Array.from({ length: SEEDS }, (_, further) => {
    const seed = setting.seed + further;
    return { ...setting, ...{ seed, drawn, calm: !noisy } };
  });
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
