import { expect, test } from 'vitest';
import {
  type Attempt,
  History,
  type Outcome,
  type StoredMessage,
} from '../support/history/history.ts';
import { figuresOf, type Record } from './figures.ts';

const OK: Outcome = { kind: 'answered', status: 200 };
const BAD_GATEWAY: Outcome = { kind: 'answered', status: 502 };
const RESET: Outcome = { kind: 'unanswered', cause: 'ECONNRESET' };
const FAULT_AT = 20_000;
/** One each 100 ms, until the fault. */
const STEADY = Array.from({ length: 100 }, (_, step) => sent(`s${step}`, 10_000 + 100 * step));

test('the time without acknowledgement is counted from the fault to the next one', () => {
  const figures = figuresOf(recordOf([...STEADY, sent('a2', 23_000), sent('a3', 23_300)]));
  expect(figures).toMatchObject({ withoutAcknowledgementMs: 3_700, longestPauseMs: 3_000 });
});

test('a repeat that failed acknowledges nothing', () => {
  const sends = [...STEADY, sent('a2', 21_000, BAD_GATEWAY), sent('a2', 24_000)];
  expect(figuresOf(recordOf(sends)).withoutAcknowledgementMs).toBe(4_000);
});

test('the time without an answer is that of the address alone', () => {
  const answeredAt = [...STEADY.map((each) => each.answeredAt), 20_000, 22_600, 22_900];
  const figures = figuresOf(recordOf([sent('a1', 20_050)], { answeredAt, endedAt: 23_100 }));
  expect(figures.withoutAnswerMs).toBe(2_500);
});

test('failures are counted by what was asked and why, and those before the fault are not', () => {
  const figures = figuresOf(
    recordOf([
      sent('a1', 19_000, BAD_GATEWAY),
      sent('a1', 20_100, BAD_GATEWAY),
      sent('a1', 20_300, BAD_GATEWAY),
      sent('a1', 20_500),
      sent('b1', 20_600, RESET),
      { ...sent('b-sync-1', 20_700, RESET), what: 'sync' },
    ]),
  );
  expect(figures.failed).toEqual({ 'send: 502': 2, 'send: ECONNRESET': 1, 'sync: ECONNRESET': 1 });
  expect(figures).toMatchObject({ messagesFailed: 2, requests: 6, acknowledged: 1 });
});

test('what the checker finds is told by its kind', () => {
  const sends = [sent('a1', 19_000), sent('a2', 19_500), sent('b1', 20_100), sent('c1', 20_200)];
  const figures = figuresOf(recordOf(sends, { stored: log('a2', 'a1', 'c1', 'c1') }));
  expect(figures).toMatchObject({ lost: 1, doubled: 1, outOfOrder: 1, otherwiseWrong: {} });
});

test('a kind that has no figure of its own is kept', () => {
  const renamed = sent('a1', 20_100, { ...OK, eventId: '$other' });
  const { otherwiseWrong } = figuresOf(recordOf([renamed], { stored: log('a1') }));
  expect(otherwiseWrong).toEqual({ renamed: 1 });
});

test('acknowledgements and answers stand per 100 ms, from ten seconds before the fault', () => {
  const sends = [sent('a1', 10_050), sent('a2', 10_060), sent('a3', 20_000), sent('a4', 9_000)];
  const record = recordOf(sends, { answeredAt: [10_150, 20_499], endedAt: 20_500 });
  const { acknowledgements, answers } = figuresOf(record);
  expect(acknowledgements).toHaveLength(105);
  expect([acknowledgements[0], acknowledgements[100]]).toEqual([2, 1]);
  expect([answers[1], answers[104]]).toEqual([1, 1]);
  expect(sumOf(acknowledgements)).toBe(3);
});

const sumOf = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

function recordOf(attempts: Attempt[], special: Partial<Record> = {}): Record {
  const history = new History();
  history.attempts.push(...attempts);
  const stored = log(...new Set(attempts.map(({ request }) => request)));
  return { history, stored, answeredAt: [], faultAt: FAULT_AT, endedAt: 24_050, ...special };
}

function sent(request: string, answeredAt: number, outcome: Outcome = OK): Attempt {
  const client = request.slice(0, 1);
  const sentAt = answeredAt - 40;
  return {
    ...{ client, through: 'address', what: 'send', request, attempt: 1 },
    ...{ sentAt, answeredAt, outcome },
  } as Attempt;
}

const log = (...requests: string[]): StoredMessage[] =>
  requests.map((request, index) => ({
    ...{ position: index + 1, room: '!room', eventId: `$${request}`, request },
  }));
