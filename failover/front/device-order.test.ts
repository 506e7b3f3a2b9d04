import { expect, test } from 'vitest';
import { DeviceOrder } from './device-order.ts';

const FOREVER_MS = 2 ** 31 - 1;
const { signal } = new AbortController();

test("a device's held requests go out one after the other, in order of arrival", async () => {
  const order = new DeviceOrder();
  const [second, third] = [order.join('phone', 2), order.join('phone', 3)];
  const out: number[] = [];
  const waiting = [third, second].map(async (turn) => {
    await turn.untilFirst(FOREVER_MS, signal);
    out.push(turn.arrival);
    turn.leave();
  });
  await Promise.all(waiting);
  expect(out).toEqual([2, 3]);
  expect(order.isHeld('phone')).toBe(false);
});

test('one that comes back from a writer that died goes before the younger that wait', () => {
  const order = new DeviceOrder();
  const younger = order.join('phone', 2);
  expect(younger.isFirst).toBe(true);
  const older = order.join('phone', 1);
  expect([older.isFirst, younger.isFirst]).toEqual([true, false]);
  older.leave();
  expect(younger.isFirst).toBe(true);
});

test('a request waits until the one before it was answered', async () => {
  const order = new DeviceOrder();
  const first = order.join('phone', 1);
  const second = order.join('phone', 2);
  let begun = false;
  const waiting = second.untilFirst(FOREVER_MS, signal).then(() => {
    begun = true;
  });
  await Promise.resolve();
  expect(begun).toBe(false);
  first.leave();
  await waiting;
  expect(begun).toBe(true);
});

test('who gives up in the middle of the queue lets nobody pass', () => {
  const order = new DeviceOrder();
  const [first, second, third] = [1, 2, 3].map((arrival) => order.join('phone', arrival));
  second!.leave();
  expect([first!.isFirst, third!.isFirst]).toEqual([true, false]);
  second!.leave();
  expect(first!.isFirst).toBe(true);
});

test('another device does not wait', () => {
  const order = new DeviceOrder();
  order.join('phone', 1);
  expect(order.join('laptop', 2).isFirst).toBe(true);
});
