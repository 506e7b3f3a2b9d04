/** What became of seeds one after the other. */
export interface Ran {
  /** The first that was not run. */
  readonly next: number;
  readonly simulatedMs: number;
  readonly acknowledged: number;
  readonly broken: readonly { readonly seed: number; readonly what: string }[];
}

/** What became of all so far. */
export interface Sum extends Ran {
  readonly commit: string;
  readonly from: number;
  readonly took: Took;
}

/** `cpuSeconds`: of all workers together, whatever else the machine had to do. */
export interface Took {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export const addUp = (before: Sum, ran: Ran, { seconds, cpuSeconds }: Took): Sum => ({
  ...before,
  ...together([before, ran]),
  took: {
    seconds: before.took.seconds + seconds,
    cpuSeconds: before.took.cpuSeconds + cpuSeconds,
  },
});

export const together = (all: readonly Ran[]): Ran => ({
  next: Math.max(...all.map(({ next }) => next)),
  simulatedMs: all.reduce((sum, { simulatedMs }) => sum + simulatedMs, 0),
  acknowledged: all.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
  broken: all.flatMap(({ broken }) => broken),
});

const YEAR_MS = 365.25 * 86_400_000;

export function shown({ from, next, took, simulatedMs, acknowledged, broken }: Sum): string {
  const seeds = next - from;
  return JSON.stringify({
    seeds,
    broken: broken.length,
    simulatedYears: Number((simulatedMs / YEAR_MS).toFixed(3)),
    acknowledged,
    seedsPerSecond: perSecond(seeds, took.seconds),
    seedsPerCpuSecond: perSecond(seeds, took.cpuSeconds),
  });
}

const perSecond = (seeds: number, seconds: number): number =>
  Number((seeds / Math.max(seconds, 0.001)).toFixed(1));
