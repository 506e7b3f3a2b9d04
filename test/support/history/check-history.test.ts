import { expect, test } from 'vitest';
import { violationsIn } from './check-history.ts';
import {
  type Attempt,
  type Delivery,
  History,
  type Outcome,
  type StoredMessage,
} from './history.ts';

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

test('what a client was told is refused may not be there', () => {
  const history = historyOf([send('a1', 0, 10, FORBIDDEN), send('b1', 0, 10, FORBIDDEN)]);
  expect(violationsIn(history, log('a1'))).toEqual([
    'stored though refused: a1 was answered 403 M_FORBIDDEN and is there',
  ]);
});

test('a repeat of what took effect may not be refused', () => {
  const history = historyOf([send('a1', 0, 10, RESET), send('a1', 20, 30, FORBIDDEN)]);
  expect(violationsIn(history, log('a1'))).toHaveLength(1);
  const acknowledged = historyOf([send('a1', 0, 10), send('a1', 20, 30, FORBIDDEN)]);
  expect(violationsIn(acknowledged, log('a1'))).toHaveLength(1);
});

test.each([OK, RESET])('after a refusal a repeat may take effect (%j)', (outcome) => {
  const history = historyOf([send('a1', 0, 10, FORBIDDEN), send('a1', 20, 30, outcome)]);
  expect(violationsIn(history, log('a1'))).toEqual([]);
});

test.each([429, 502, 503])('who is told by %i to come again is not refused', (status) => {
  const history = historyOf([send('a1', 0, 10, { kind: 'answered', status })]);
  expect(violationsIn(history, log('a1'))).toEqual([]);
});

test('/sync may neither repeat, nor turn round, nor invent', () => {
  const given = deliveries('a1', 'a2', 'a1', 'a3', 'a9');
  expect(violationsIn(historyOf([], given), log('a1', 'a2', 'a3'))).toEqual([
    'delivered again or late: r was given a1',
    'delivered from nowhere: r was given a9',
  ]);
});

test('/sync may not give a message twice in a row', () => {
  expect(violationsIn(historyOf([], deliveries('a1', 'a1')), log('a1'))).toEqual([
    'delivered again or late: r was given a1',
  ]);
});

test('/sync may skip nothing between the first and the last message that it gave', () => {
  const given = deliveries('a2', 'a4');
  expect(violationsIn(historyOf([], given), log('a1', 'a2', 'a3', 'a4', 'a5'))).toEqual([
    'skipped: r was never given a3',
  ]);
});

test('of what was skipped only that is missing which lies in no gap that the client was told of', () => {
  const given = [...deliveries('a1'), delivery('a4', { afterGap: true }), ...deliveries('a6')];
  expect(violationsIn(historyOf([], given), log('a1', 'a2', 'a3', 'a4', 'a5', 'a6'))).toEqual([
    'skipped: r was never given a5',
  ]);
});

test('messages of rooms that a client is not in are not missing', () => {
  const given = deliveries('a1', 'a3');
  const stored = log('a1', 'a2', 'a3').map((each) =>
    each.request === 'a2' ? { ...each, room: '!other' } : each,
  );
  expect(violationsIn(historyOf([], given), stored)).toEqual([]);
});

test('each room of a client is complete by itself', () => {
  const given = [delivery('a1'), delivery('b1', { room: '!other' }), delivery('a3')];
  const stored = log('a1', 'b1', 'a2', 'a3').map((each) =>
    each.request === 'b1' ? { ...each, room: '!other' } : each,
  );
  expect(violationsIn(historyOf([], given), stored)).toEqual(['skipped: r was never given a2']);
});

test('what a client is given under an id is what is there under that id', () => {
  const given = [delivery('a2', { eventId: '$a1' })];
  expect(violationsIn(historyOf([], given), log('a1', 'a2'))).toEqual([
    'delivered as another: r was given a2 under the id of a1',
  ]);
});

test('what a client is given of a room is of that room', () => {
  const given = [delivery('a1', { room: '!other' })];
  expect(violationsIn(historyOf([], given), log('a1'))).toEqual([
    'delivered in another room: r was given a1',
  ]);
});

const ROOM = '!room';
const FORBIDDEN: Outcome = { kind: 'answered', status: 403, errcode: 'M_FORBIDDEN' };

function historyOf(attempts: Attempt[], given: Delivery[] = []): History {
  const history = new History();
  history.attempts.push(...attempts);
  history.deliveries.push(...given);
  return history;
}

function send(request: string, sentAt: number, answeredAt: number, outcome: Outcome = OK): Attempt {
  const client = request.slice(0, 1);
  return { client, through: 'a', what: 'send', request, attempt: 1, sentAt, answeredAt, outcome };
}

const deliveries = (...requests: string[]) => requests.map((request) => delivery(request));

function delivery(request: string, special: Partial<Delivery> = {}): Delivery {
  return {
    client: 'r',
    room: ROOM,
    afterGap: false,
    request,
    eventId: `$${request}`,
    at: 0,
    ...special,
  };
}

const log = (...requests: string[]): StoredMessage[] =>
  requests.map((request, index) => ({
    position: index + 1,
    room: ROOM,
    eventId: `$${request}`,
    request,
  }));
