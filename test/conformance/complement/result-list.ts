import type { Outcome, Results } from './run-results.ts';

export interface Listed {
  readonly outcome: Outcome;
  /** Why it does not pass, and what it waits for. */
  readonly reason: string;
}

/** The committed list. */
export type ResultList = ReadonlyMap<string, Listed>;

const OUTCOMES: readonly string[] = ['pass', 'fail', 'skip', 'unfinished'] satisfies Outcome[];

/** A line a test: name, outcome and reason, with tabs between them. Go puts no tab into a name. */
export function parseResultList(text: string): ResultList {
  const list = new Map<string, Listed>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [name, outcome, reason = ''] = line.split('\t');
    if (outcome === undefined || !OUTCOMES.includes(outcome) || list.has(name!))
      throw new Error(`The list of results cannot be read at: ${line}`);
    list.set(name!, { outcome: outcome as Outcome, reason });
  }
  return list;
}

export const printResultList = (list: ResultList): string =>
  [...list]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { outcome, reason }]) => `${[name, outcome, reason].join('\t').trimEnd()}\n`)
    .join('');

/** The list after this run. A reason stays while the outcome is the same; what did not run stays as it was. */
export function takeOver(list: ResultList, run: Results): ResultList {
  const taken = new Map(list);
  for (const [name, outcome] of run) {
    const before = list.get(name);
    taken.set(name, { outcome, reason: before?.outcome === outcome ? before.reason : '' });
  }
  return taken;
}
