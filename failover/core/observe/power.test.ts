import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { batteryNow } from '../health/battery.ts';
import type { Input } from '../inputs.ts';
import { reportNow } from '../pulse/report.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { Power } from '../view.ts';
import { observe } from './observe.ts';

test('a battery is low when what is left is what a switchover may take, but not at its first word', () => {
  expect(after([0, 'battery', 90])).toBe('battery');
  expect(after([0, 'battery', 90], [2, 'battery', 88])).toBe('battery');
  expect(after([0, 'battery', 90], [3, 'battery', 87])).toBe('low');
  expect(after([0, 'battery', 900], [60, 'battery', 181])).toBe('battery');
  expect(after([0, 'battery'], [60, 'battery'])).toBe('battery');
});

test('it stays low until it clearly is not, or the mains are back', () => {
  const low = [
    [0, 'battery', 90],
    [3, 'battery', 90],
  ] as const;
  expect(after(...low, [4, 'battery', 300])).toBe('low');
  expect(after(...low, [4, 'battery'])).toBe('low');
  expect(after(...low, [4, 'battery', 361])).toBe('battery');
  expect(after(...low, [4, 'mains'])).toBe('mains');
  expect(after([0, 'low'], [1, 'battery'])).toBe('low');
});

test('a UPS that falls silent on battery goes on by its last word, until its end has clearly been outlived', () => {
  const ob = [0, 'battery', 240] as const;
  expect(after(ob, [30, 'unknown'])).toBe('battery');
  expect(after(ob, [30, 'unknown'], [61, 'unknown'])).toBe('low');
  expect(after(ob, [30, 'unknown'], [299, 'unknown'])).toBe('low');
  expect(after(ob, [30, 'unknown'], [300, 'unknown'])).toBe('unknown');
  expect(after(ob, [30, 'unknown'], [40, 'mains'], [41, 'unknown'])).toBe('unknown');
  expect(after([0, 'battery'], [10, 'unknown'], [600, 'unknown'])).toBe('battery');
  expect(after([0, 'battery'], [10, 'unknown'], [670, 'unknown'])).toBe('unknown');
});

test('one that falls silent on mains says nothing of a battery', () => {
  expect(after([0, 'mains'], [1, 'unknown'])).toBe('unknown');
});

test('what is left is told as of now, and of a battery that is not used nothing', () => {
  const state = seen([0, 'battery', 240]);
  expect(batteryNow(state, 40_000)).toEqual({ charge: 0.5, leftMs: 200_000 });
  expect(batteryNow(state, 300_000)?.leftMs).toBe(0);
  expect(reportNow(state, 40_000, TIMINGS).battery).toEqual({ charge: 0.5, leftMs: 200_000 });
  expect(batteryNow(seen([0, 'mains', 240]), 0)).toEqual({ charge: 0.5, leftMs: null });
  expect(batteryNow(seen([0, 'unknown']), 0)).toBeNull();
});

/** Seconds, what the UPS says, and how many seconds are left by it. */
type Word = readonly [at: number, power: Power, left?: number];

const after = (...words: readonly Word[]): Power => seen(...words).power.power;

function seen(...words: readonly Word[]): State {
  let state = start(selfAt('a'), 0);
  for (const [at, power, left] of words) {
    const leftMs = left === undefined ? null : 1_000 * left;
    const battery = power === 'unknown' ? null : { charge: 0.5, leftMs };
    const input: Input = { kind: 'power', power, battery };
    state = observe(state, input, 1_000 * at, TIMINGS);
  }
  return state;
}
