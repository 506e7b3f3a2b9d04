import { expect, test } from 'vitest';
import { DeviceOrder } from './device-order.ts';

test("a device's held requests go out one after the other, in order of arrival", async () => {
  const order = new DeviceOrder();
  const out: number[] = [];
  const third = order.join('phone', 3);
  const second = order.join('phone', 2);
  void second.first.then(() => out.push(2));
  void third.first.then(() => out.push(3));
  await second.first;
  second.leave();
  await third.first;
  third.leave();
  expect(new Set(out)).toEqual(new Set([2, 3]));
  expect(order.isHeld('phone')).toBe(false);
});

test('a request waits until the one before it was answered', async () => {
  const order = new DeviceOrder();
  const first = order.join('phone', 1);
  const second = order.join('phone', 2);
  let begun = false;
  const waiting = second.first.then(() => {
    begun = true;
  });
  await first.first;
  await Promise.resolve();
  expect(begun).toBe(false);
  first.leave();
  await waiting;
  expect(begun).toBe(true);
});

test('another device does not wait', async () => {
  const order = new DeviceOrder();
  order.join('phone', 1);
  await expect(order.join('laptop', 2).first).resolves.toBeUndefined();
});
