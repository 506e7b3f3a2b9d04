import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { Absences } from './absences.ts';

const DAY_MS = 86_400_000;
const NOW = 1_800_000_000_000;
const [bob, carol] = ['bob.org' as ServerName, 'carol.org' as ServerName];

/** Whether bob.org is away for long at `now`, by when it was last there. */
const isAway = (absences: Absences, activeMs: number, now = NOW) =>
  absences.isForLong(bob, { activeMs, now });

test('who was quiet for 31 days, and fails once, is not away for long', () => {
  const absences = new Absences();
  absences.isThere(carol, NOW);
  absences.failed(bob, NOW);
  expect(isAway(absences, NOW - 31 * DAY_MS)).toBe(false);
});

test('who fails for 30 days is away for long, counted from the first failure on and over a change of writer', () => {
  const before = new Absences();
  before.failed(bob, NOW - 31 * DAY_MS);
  before.failed(bob, NOW - DAY_MS);
  const saved = [{ serverName: bob, failingSinceMs: before.sinceMs(bob) }];
  for (const absences of [before, new Absences(saved)]) {
    absences.isThere(carol, NOW);
    expect(isAway(absences, NOW - 40 * DAY_MS)).toBe(true);
    expect(isAway(absences, NOW - 40 * DAY_MS, NOW - 2 * DAY_MS)).toBe(false);
  }
});

test('who gave a sign of life in between is counted from there', () => {
  const absences = new Absences();
  absences.failed(bob, NOW - 31 * DAY_MS);
  absences.isThere(carol, NOW);
  expect(isAway(absences, NOW - 2 * DAY_MS)).toBe(false);
  absences.isThere(bob, NOW);
  expect(absences.sinceMs(bob)).toBe(0);
  expect(isAway(absences, NOW - 40 * DAY_MS)).toBe(false);
});

test('where nobody answered for a day it may be this server that is away: three times as long', () => {
  const absences = new Absences();
  absences.isThere(carol, NOW - 2 * DAY_MS);
  absences.failed(bob, NOW - 31 * DAY_MS);
  expect(isAway(absences, 1)).toBe(false);
  expect(isAway(absences, 1, NOW + 60 * DAY_MS)).toBe(true);
});
