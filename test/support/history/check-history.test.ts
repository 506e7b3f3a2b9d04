import { expect, test } from 'vitest';
import { violationsIn } from './check-history.ts';
import { type Attempt, History, type Outcome } from './history.ts';

const OK: Outcome = { kind: 'answered', status: 200 };
const RESET: Outcome = { kind: 'unanswered', cause: 'ECONNRESET' };

test('a history in which everything acknowledged stands once, in order, is right', () => {
  const history = historyOf([send('a1', 0, 10), send('a2', 20, 30, RESET), send('a2', 40, 50)]);
  expect(violationsIn(history, log('a1', 'a2'))).toEqual([]);
});

test('what was never acknowledged may be there or not', () => {
  const history = historyOf([send('a1', 0, 10, RESET), send('b1', 0, 10, RESET)]);
  expect(violationsIn(history, log('b1'))).toEqual([]);
});

test('an acknowledged message that is not there is lost', () => {
  const history = historyOf([send('a1', 0, 10), send('b1', 0, 10)]);
  expect(violationsIn(history, log('b1'))).toEqual(['lost: a1 was acknowledged and is not there']);
});

test('a repeat that took effect again is doubled', () => {
  const history = historyOf([send('a1', 0, 10, RESET), send('a1', 20, 30)]);
  expect(violationsIn(history, log('a1', 'a1'))).toEqual(['doubled: a1 is 2 events']);
});

test('a repeat must be answered with the event that is there', () => {
  const history = historyOf([send('a1', 0, 10, { ...OK, eventId: '$other' })]);
  expect(violationsIn(history, log('a1'))).toEqual([
    'renamed: a1 was answered with the id of another event',
  ]);
});

test('what a sender sent later may not stand earlier', () => {
  const history = historyOf([send('a1', 0, 10), send('a2', 20, 30)]);
  expect(violationsIn(history, log('a2', 'a1'))).toEqual(['out of order: a2 stands before a1']);
});

test('two writers show as an order that contradicts the clock, between different clients too', () => {
  const history = historyOf([send('a1', 0, 10), send('b1', 15, 30)]);
  expect(violationsIn(history, log('b1', 'a1'))).toEqual(['out of order: b1 stands before a1']);
});

test('messages sent at the same time may stand in either order', () => {
  const history = historyOf([send('a1', 0, 10), send('b1', 5, 8)]);
  expect(violationsIn(history, log('b1', 'a1'))).toEqual([]);
  expect(violationsIn(history, log('a1', 'b1'))).toEqual([]);
});

test('/sync may neither repeat, nor turn round, nor invent', () => {
  const history = historyOf([]);
  for (const request of ['a1', 'a2', 'a1', 'a3', 'a9'])
    history.deliveries.push({ client: 'r', request, eventId: `$${request}`, at: 0 });
  expect(violationsIn(history, log('a1', 'a2', 'a3'))).toEqual([
    'delivered again or late: r was given a1',
    'delivered from nowhere: r was given a9',
  ]);
});

function historyOf(attempts: Attempt[]): History {
  const history = new History();
  history.attempts.push(...attempts);
  return history;
}

function send(request: string, sentAt: number, answeredAt: number, outcome: Outcome = OK): Attempt {
  const client = request.slice(0, 1);
  return { client, through: 'a', what: 'send', request, attempt: 1, sentAt, answeredAt, outcome };
}

const log = (...requests: string[]) =>
  requests.map((request, index) => ({ position: index + 1, eventId: `$${request}`, request }));
