import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { NotConnected } from '../certificates/connector.ts';
import { Ahead } from './ahead.ts';
import { Exchange } from './exchange.ts';
import { ANOTHER_WAY, Flight } from './flights.ts';
import { Shares } from './shares.ts';
import type { Streamed } from './streamed.ts';
import { Wholes } from './wholes.ts';

const target = {
  writer: { site: 'a', epoch: 7, url: 'https://a' },
  origin: 'https://a',
  through: null,
};

test('an error code does not tell whether the writer has seen a request', async () => {
  const { exchange } = begun();
  const error = Object.assign(new Error('read EHOSTUNREACH'), { code: 'EHOSTUNREACH' });
  exchange.onResponseError(null, error);
  expect((await exchange.tried).attempt).toMatchObject({ kind: 'unknown', epoch: 7 });
});

test('before a connection stood, the writer has seen nothing', async () => {
  const { exchange } = begun();
  exchange.onResponseError(null, new NotConnected('connect EHOSTUNREACH'));
  expect((await exchange.tried).attempt).toMatchObject({ kind: 'not-executed' });
});

test('one that is cut before its connection stands is never sent', async () => {
  const { exchange, flight } = begun();
  flight.cut('epoch 8 began');
  expect((await exchange.tried).attempt).toEqual({ kind: 'not-executed', why: 'epoch 8 began' });
  const aborted: unknown[] = [];
  exchange.onRequestStart(controllerWith((reason) => aborted.push(reason)));
  expect(aborted).toHaveLength(1);
});

test('one that is taken off a cut link has silenced no writer', async () => {
  const { exchange, flight } = begun();
  exchange.onRequestStart(controllerWith((reason) => exchange.onResponseError(null, reason)));
  flight.cut(ANOTHER_WAY);
  expect((await exchange.tried).attempt.kind).toBe('rerouted');
});

test('the memory of an answer is taken from what clients share, and given back once', async () => {
  const { exchange, memory } = begun();
  exchange.onResponseStart(controllerWith(), 200, { 'content-length': '4' });
  expect(memory.taken).toBe(4);
  const place = Buffer.from('{"a}');
  exchange.onResponseData(controllerWith(), place.subarray(0, 3));
  place.copy(place, 0, 3);
  exchange.onResponseData(controllerWith(), place.subarray(0, 1));
  place.fill('#');
  exchange.onResponseEnd();
  const { answer } = await exchange.tried;
  expect(answer?.body.toString()).toBe('{"a}');
  answer?.over();
  answer?.over();
  expect(memory.taken).toBe(0);
});

test('an answer that breaks off before its end is none, and its memory is given back', async () => {
  const { exchange, memory, freed } = begun();
  exchange.onResponseStart(controllerWith(), 200, { 'content-length': '4' });
  exchange.onResponseError(null, new Error('other side closed'));
  expect((await exchange.tried).attempt.kind).toBe('unknown');
  expect([memory.taken, freed()]).toEqual([0, 1]);
});

test('nothing comes into the place of a long answer until it is over, and then the next does', async () => {
  const wholes = new Wholes();
  const length = 100_000;
  const answered = async (fill: number) => {
    const { exchange } = begun({ memoryBytes: 1_000_000, wholes });
    exchange.onResponseStart(controllerWith(), 200, { 'content-length': `${length}` });
    exchange.onResponseData(controllerWith(), Buffer.alloc(length, fill));
    exchange.onResponseEnd();
    return (await exchange.tried).answer!;
  };
  const [one, two] = [await answered(1), await answered(2)];
  expect(one.body).toEqual(Buffer.alloc(length, 1));
  one.over();
  // Twice is once: it would be two others' at a time.
  one.over();
  const [three, four] = [await answered(3), await answered(4)];
  expect((three.body as Buffer).buffer).toBe((one.body as Buffer).buffer);
  for (const [n, { body }] of [two, three, four].entries())
    expect(body).toEqual(Buffer.alloc(length, n + 2));
});

test('the place of an answer that broke off is used again', async () => {
  const wholes = new Wholes();
  const { exchange } = begun({ memoryBytes: 1_000_000, wholes });
  exchange.onResponseStart(controllerWith(), 200, { 'content-length': '100000' });
  exchange.onResponseData(controllerWith(), Buffer.alloc(50_000));
  const before = wholes.freeBytes;
  exchange.onResponseError(null, new Error('other side closed'));
  expect([before, wholes.freeBytes]).toEqual([0, 131_072]);
});

test('a small answer has a place of its own, which stays when it is over', async () => {
  const wholes = new Wholes();
  const { exchange } = begun({ memoryBytes: 1_000_000, wholes });
  exchange.onResponseStart(controllerWith(), 200, { 'content-length': '65536' });
  exchange.onResponseData(controllerWith(), Buffer.alloc(65_536));
  exchange.onResponseEnd();
  (await exchange.tried).answer!.over();
  expect(wholes.freeBytes).toBe(0);
});

test('what is said before the answer, such as 103, is not it', async () => {
  const { exchange } = begun();
  exchange.onResponseStart(controllerWith(), 103, {});
  exchange.onResponseStart(controllerWith(), 200, { 'content-length': '2' });
  exchange.onResponseData(controllerWith(), Buffer.from('{}'));
  exchange.onResponseEnd();
  expect((await exchange.tried).answer).toMatchObject({ status: 200 });
});

test.each([
  ['5000000', 'longer than is kept whole'],
  ['2000', 'more than there is memory for'],
])('an answer of %s bytes, %s, is read no faster than the client takes it', async (length) => {
  const { exchange } = begun();
  let paused = 0;
  const controller = { ...controllerWith(), pause: () => void paused++ };
  exchange.onResponseStart(controller, 200, { 'content-length': length });
  const { answer } = await exchange.tried;
  expect(Buffer.isBuffer(answer?.body)).toBe(false);
  for (let n = 0; n < 10; n++) exchange.onResponseData(controller, Buffer.alloc(10_000));
  expect(paused).toBeGreaterThan(0);
});

test('an answer that breaks off before anybody reads it fails for its reader alone', async () => {
  const { exchange } = begun();
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.once('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  // As from a socket: not among the promises of this test.
  setImmediate(() => {
    exchange.onResponseStart(controllerWith(), 200, { 'content-length': '5000000' });
    exchange.onResponseError(null, new Error('other side closed'));
  });
  const { answer } = await exchange.tried;
  await expect(text(answer!.body as Streamed)).rejects.toThrow();
  expect(uncaught).toEqual([]);
});

function begun({ memoryBytes = 8_000, wholes = new Wholes() } = {}) {
  const flight = new Flight(target, 0);
  const memory = new Shares(memoryBytes);
  let freed = 0;
  const taker = { key: 'phone', known: true };
  const ahead = new Ahead();
  const free = () => void freed++;
  const exchange = new Exchange({ flight, memory, taker, ahead, wholes, free });
  return { exchange, flight, memory, freed: () => freed };
}

const controllerWith = (abort: (reason: Error) => void = () => undefined) => ({
  aborted: false,
  paused: false,
  reason: null,
  abort,
  pause: () => undefined,
  resume: () => undefined,
});
