import type { ResultList } from './result-list.ts';
import type { Outcome, Results } from './run-results.ts';

export interface Difference {
  readonly kind: 'new failure' | 'new pass' | 'other outcome' | 'new test' | 'not run';
  readonly name: string;
  readonly before: Outcome | undefined;
  readonly now: Outcome | undefined;
}

/**
 * How a run differs from the committed list, by name. Of a run that was asked for some functions only,
 * the others are missing from it on purpose: `partial` tells of no test that did not run, unless
 * another part of its function did.
 */
export function compareResults(
  list: ResultList,
  run: Results,
  { partial = false } = {},
): Difference[] {
  const functionsRun = new Set([...run.keys()].map(functionOf));
  const isAsked = (name: string) => !partial || functionsRun.has(functionOf(name));
  return [...new Set([...list.keys(), ...run.keys()])].sort().flatMap((name) => {
    const [before, now] = [list.get(name)?.outcome, run.get(name)];
    if (before === now || !isAsked(name)) return [];
    return { kind: kindOf(before, now), name, before, now };
  });
}

/** Tests that say nothing of their own: their subtests do. */
export function countLeaves(run: Results): Record<Outcome, number> {
  const counts = { pass: 0, fail: 0, skip: 0, unfinished: 0 };
  const parents = new Set([...run.keys()].flatMap(ancestorsOf));
  for (const [name, outcome] of run) if (!parents.has(name)) counts[outcome] += 1;
  return counts;
}

export function countFunctions(run: Results): Record<Outcome, number> {
  const counts = { pass: 0, fail: 0, skip: 0, unfinished: 0 };
  for (const [name, outcome] of run) if (!name.includes('/')) counts[outcome] += 1;
  return counts;
}

function kindOf(before: Outcome | undefined, now: Outcome | undefined): Difference['kind'] {
  if (now === undefined) return 'not run';
  if (failed(now) && (before === undefined || !failed(before))) return 'new failure';
  if (before === undefined) return 'new test';
  return now === 'pass' ? 'new pass' : 'other outcome';
}

const failed = (outcome: Outcome) => outcome === 'fail' || outcome === 'unfinished';

const functionOf = (name: string) => name.split('/', 1)[0]!;

const ancestorsOf = (name: string): string[] =>
  [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));
