import { FAULT_NAMES, type FaultName } from '../fault-names.ts';
import type { Run, SystemName } from '../results.ts';

/** All runs of one fault at one system. */
export interface Summary {
  readonly system: SystemName;
  readonly fault: FaultName;
  readonly runs: number;
  readonly withoutAcknowledgement: Spread;
  readonly withoutAnswer: Spread;
  readonly messagesFailed: Spread;
  /** Of all runs together. */
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly otherwiseWrong: number;
  /** Runs in which somebody had to do something. */
  readonly hands: number;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const SHOWN_FAULTS: Readonly<Record<FaultName, string>> = {
  'homeserver-killed': 'The homeserver’s process is killed',
  'proxy-killed': 'The proxy’s process is killed',
  switchover: 'Planned switchover',
  'power-loss': 'The active site loses its power',
  'network-cut': 'The active site loses its network',
  'both-in-a-row': 'Power of one, then network of the next',
};

export const SHOWN_SYSTEMS: Readonly<Record<SystemName, string>> = {
  farol: 'Farol',
  synapse: 'Synapse, nginx, keepalived',
};

/** The faults that both systems have runs of. */
export const faultsOf = (runs: readonly Run[]): FaultName[] =>
  FAULT_NAMES.filter((fault) =>
    (['farol', 'synapse'] as const).every((system) =>
      runs.some((each) => each.fault === fault && each.system === system),
    ),
  );

/**
 * Three sites and their clients make two cores half as busy by themselves. What runs in the idle class beside them takes
 * only what they leave, and counts in a load average all the same.
 */
const QUIET_LOAD_MAX = 16;

const isQuiet = ({ load: [before] }: Run): boolean => before <= QUIET_LOAD_MAX;

/**
 * Runs by which the systems may be weighed: those that began on a machine with nothing else to do, for both alike. Where
 * there are none, all are shown, and each page says so.
 */
export function weighed(runs: readonly Run[]): {
  readonly quiet: boolean;
  readonly runs: readonly Run[];
} {
  const quiet = runs.filter(isQuiet);
  return faultsOf(quiet).length > 0 ? { quiet: true, runs: quiet } : { quiet: false, runs };
}

export function summaryOf(
  all: readonly Run[],
  { system, fault }: Pick<Summary, 'system' | 'fault'>,
): Summary {
  const runs = all.filter((each) => each.system === system && each.fault === fault);
  const sum = (of: (run: Run) => number) => runs.reduce((total, each) => total + of(each), 0);
  return {
    ...{ system, fault, runs: runs.length },
    withoutAcknowledgement: spreadOf(runs.map((run) => run.withoutAcknowledgementMs)),
    withoutAnswer: spreadOf(runs.map((run) => run.withoutAnswerMs)),
    messagesFailed: spreadOf(runs.map((run) => run.messagesFailed)),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    otherwiseWrong: sum(({ otherwiseWrong }) =>
      Object.values(otherwiseWrong).reduce((total, each) => total + each, 0),
    ),
    hands: runs.filter(({ hand }) => hand !== 'none').length,
  };
}

/** Of an even number the lower one in the middle: a value that was measured. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length === 0) throw new Error('Nothing was measured.');
  return { median: sorted[(sorted.length - 1) >> 1]!, least: sorted[0]!, most: sorted.at(-1)! };
}

/** The run in the middle, by the time without acknowledgement: what is shown as a picture. */
export function middleRun(
  all: readonly Run[],
  { system, fault }: Pick<Summary, 'system' | 'fault'>,
): Run {
  const runs = all
    .filter((each) => each.system === system && each.fault === fault)
    .sort((a, b) => a.withoutAcknowledgementMs - b.withoutAcknowledgementMs);
  const middle = runs[(runs.length - 1) >> 1];
  if (middle === undefined) throw new Error(`There is no run of ${fault} at ${system}.`);
  return middle;
}
