import { violationsIn } from '../support/history/check-history.ts';
import {
  type Attempt,
  causeOf,
  type History,
  type StoredMessage,
  succeeded,
} from '../support/history/history.ts';
import { pausesIn, SERIES_FROM_MS, SERIES_STEP_MS } from './pauses.ts';
import type { Run } from './results.ts';

/** What was written down while a fault went by; times on the clock of the machine that runs the clients. */
export interface Record {
  readonly history: History;
  /** When new TLS connections to the address were answered. */
  readonly answeredAt: readonly number[];
  /** As the database has them that survived. */
  readonly stored: readonly StoredMessage[];
  readonly faultAt: number;
  readonly endedAt: number;
}

type Figures = Omit<
  Run,
  'system' | 'fault' | 'at' | 'commit' | 'machine' | 'load' | 'versions' | 'hand'
>;

export function figuresOf(record: Record): Figures {
  const { history, stored, faultAt, endedAt, answeredAt } = record;
  const acknowledged = history.attempts.filter((each) => each.what === 'send' && succeeded(each));
  const acknowledgedAt = acknowledged.map((each) => each.answeredAt);
  const failures = history.attempts.filter(
    (each) => each.answeredAt >= faultAt && each.answeredAt <= endedAt && !succeeded(each),
  );
  const acknowledgements = series(acknowledgedAt, faultAt, endedAt);
  const answers = series(answeredAt, faultAt, endedAt);
  const pauses = pausesIn(acknowledgements);
  const { lost, doubled, 'out of order': outOfOrder, ...otherwiseWrong } = wrongIn(history, stored);
  return {
    withoutAcknowledgementMs: sum(pauses),
    longestPauseMs: Math.max(0, ...pauses),
    withoutAnswerMs: sum(pausesIn(answers)),
    requests: history.attempts.filter(({ what }) => what !== 'set up').length,
    failed: counted(failures.map((each) => `${each.what}: ${causeOf(each)}`)),
    messagesFailed: new Set(failures.filter(isSend).map(({ request }) => request)).size,
    acknowledged: new Set(acknowledged.map(({ request }) => request)).size,
    lost: lost ?? 0,
    doubled: doubled ?? 0,
    outOfOrder: outOfOrder ?? 0,
    otherwiseWrong,
    acknowledgements,
    answers,
  };
}

/** The checker's sentences begin with what kind of wrong they tell of. */
function wrongIn(history: History, stored: readonly StoredMessage[]): { [kind: string]: number } {
  return counted(violationsIn(history, stored).map((each) => each.slice(0, each.indexOf(':'))));
}

function series(times: readonly number[], faultAt: number, endedAt: number): number[] {
  const from = faultAt - SERIES_FROM_MS;
  const steps: number[] = new Array(Math.ceil((endedAt - from) / SERIES_STEP_MS)).fill(0);
  for (const at of times) {
    const step = Math.floor((at - from) / SERIES_STEP_MS);
    if (step in steps) steps[step]! += 1;
  }
  return steps;
}

const isSend = ({ what }: Attempt) => what === 'send';
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

function counted(names: readonly string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
