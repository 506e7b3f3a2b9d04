import { expect, test } from 'vitest';
import { bootTimeMs, Deadline, NoBootClock, openClock } from './deadline.ts';

test('a renewal never shortens: what was answered under the later deadline stands', () => {
  let now = 0;
  const deadline = new Deadline(10, () => now);
  deadline.renew(5);
  now = 9;
  expect(deadline.mayAnswer()).toBe(true);
  now = 10;
  expect(deadline.mayAnswer()).toBe(false);
});

test('nought takes the leave to answer back, and a later deadline gives it again', () => {
  const deadline = new Deadline(10, () => 1);
  deadline.renew(0);
  expect(deadline.mayAnswer()).toBe(false);
  deadline.renew(5);
  expect(deadline.mayAnswer()).toBe(true);
});

test('in doubt nobody is answered until it was renewed twice: the first may have been on its way', () => {
  const deadline = new Deadline(10, () => 1);
  deadline.doubt();
  expect(deadline.mayAnswer()).toBe(false);
  deadline.renew(11);
  expect([deadline.mayAnswer(), deadline.lapses]).toEqual([false, 1]);
  deadline.renew(12);
  expect([deadline.mayAnswer(), deadline.lapses]).toEqual([true, 2]);
});

test('and nought that comes between takes it back all the same', () => {
  const deadline = new Deadline(10, () => 1);
  deadline.doubt();
  deadline.renew(0);
  deadline.renew(0);
  expect(deadline.mayAnswer()).toBe(false);
  deadline.renew(11);
  expect(deadline.mayAnswer()).toBe(true);
});

test('alone on one machine there is nothing to doubt, and nobody who would renew', () => {
  const deadline = Deadline.none();
  deadline.doubt();
  expect(deadline.mayAnswer()).toBe(true);
});

test('the clock of deadlines goes on', async () => {
  const before = bootTimeMs();
  await expect.poll(() => bootTimeMs()).toBeGreaterThan(before);
});

test('where the clock cannot be read, it is said who hides it', () => {
  expect(() => openClock('/proc/no-such-clock')).toThrow(NoBootClock);
  expect(() => openClock('/proc/no-such-clock')).toThrow('ProcSubset=pid hides it');
});
