import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.ts';

export interface Round {
  /** Messages or requests. */
  readonly count: number;
  readonly seconds: number;
  /** Milliseconds of each, ascending. */
  readonly latencies?: readonly number[];
}

/** One line of the table, on one side. */
export interface Row {
  readonly name: string;
  /** How often, of as many rounds as are asked for: what is quick is done more often. */
  readonly times?: number;
  /** For so long it is asked for before anything counts: V8 compiles for the last time what was called 20,000 times. What the first round cost is shown, too. */
  readonly warmUpMs?: number;
  /** What goes on during all rounds of the row; answers how to end it. */
  begin?(): Promise<() => Promise<void>>;
  round(): Promise<Round>;
}

export interface Side {
  readonly name: string;
  readonly target: Target;
  /** The same on each side. */
  readonly rows: readonly Row[];
}

export interface ComparisonOptions {
  readonly sides: readonly Side[];
  readonly rounds: number;
  readonly print: (line: string) => void;
}

/**
 * The sides in turn, one round each, in one process and on one machine: what else the machine does hits
 * all alike. A line a row, with the medians of each side, and how the others compare with the first.
 */
export async function compare({ sides, rounds, print }: ComparisonOptions): Promise<void> {
  const [first, ...others] = sides;
  const names = [first!.name, ...others.flatMap(({ name }) => [name, 'CPU (least-most)'])];
  print(`| | ${names.join(' | ')} |`);
  print(`|---|${'---|'.repeat(names.length)}`);
  for (const [at, { name, times = 1 }] of first!.rows.entries()) {
    const taken = await takeInTurn(sides, at, rounds * times);
    const [base, ...compared] = taken;
    const cells = compared.flatMap((each) => [
      shown(each),
      ratioShown(base!.samples, each.samples),
    ]);
    print(`| ${name} | ${[shown(base!), ...cells].join(' | ')} |`);
  }
  print(`load average now: ${loadavg()[0]!.toFixed(1)}`);
}

interface Sample {
  readonly cpu: Readonly<Record<string, number>>;
  readonly perSecond: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

interface Taken {
  /** Of the first round, where there is a warming up behind it. */
  readonly first: Sample | undefined;
  readonly samples: Sample[];
}

async function takeInTurn(sides: readonly Side[], at: number, rounds: number): Promise<Taken[]> {
  const taken: Taken[] = [];
  const ends: (() => Promise<void>)[] = [];
  for (const side of sides) {
    const end = await side.rows[at]!.begin?.();
    if (end) ends.push(end);
    taken.push({ first: await warmedUp(side, at), samples: [] });
  }
  for (let round = 0; round < rounds; round++) {
    // The one that comes first finds the machine as the last round left it.
    const order = round % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse();
    for (const side of order) taken[side]!.samples.push(await sample(sides[side]!, at));
  }
  for (const end of ends) await end();
  return taken;
}

/** What its first round cost, where it takes more than that to warm up. */
async function warmedUp(side: Side, at: number): Promise<Sample | undefined> {
  const row = side.rows[at]!;
  const end = performance.now() + (row.warmUpMs ?? 0);
  const first = await sample(side, at);
  while (performance.now() < end) await row.round();
  return row.warmUpMs === undefined ? undefined : first;
}

/** What is done behind an answer belongs to its cost. */
const SETTLE_MS = 100;

async function sample({ target, rows }: Side, at: number): Promise<Sample> {
  const before = target.cpuMs();
  const { count, seconds, latencies } = await rows[at]!.round();
  await sleep(SETTLE_MS);
  const after = target.cpuMs();
  const cpu = Object.fromEntries(
    Object.entries(after).map(([part, ms]) => [part, (ms - before[part]!) / count]),
  );
  const share = (part: number) => latencies?.[Math.floor(latencies.length * part)];
  return { cpu, perSecond: count / seconds, p50: share(0.5), p99: share(0.99) };
}

function shown({ first, samples }: Taken): string {
  const parts = Object.keys(samples[0]!.cpu).map(
    (part) => `${median(samples.map(({ cpu }) => cpu[part]!)).toFixed(3)} ${part}`,
  );
  const cold = first ? ` (first ${sumOf(first).toFixed(3)})` : '';
  const perSecond = `${median(samples.map((each) => each.perSecond)).toFixed(0)}/s`;
  const times = (['p50', 'p99'] as const).map((share) => timesShown(share, samples));
  return `${parts.join(' + ')} = ${median(samples.map(sumOf)).toFixed(3)}${cold}; ${perSecond}${times.join('')}`;
}

function timesShown(share: 'p50' | 'p99', samples: readonly Sample[]): string {
  const times = samples.flatMap((each) => each[share] ?? []);
  return times.length > 0 ? `, ${share} ${median(times).toFixed(1)} ms` : '';
}

function ratioShown(base: readonly Sample[], samples: readonly Sample[]): string {
  const ratio = median(samples.map(sumOf)) / median(base.map(sumOf));
  const each = samples.map((sample, round) => sumOf(sample) / sumOf(base[round]!));
  return `${ratio.toFixed(2)} (${Math.min(...each).toFixed(2)}-${Math.max(...each).toFixed(2)})`;
}

const sumOf = ({ cpu }: Sample): number => Object.values(cpu).reduce((sum, ms) => sum + ms, 0);

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};
