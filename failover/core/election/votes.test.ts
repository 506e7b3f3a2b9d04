import { expect, test } from 'vitest';
import { acknowledge, NO_TIMELINES } from '../timelines.ts';
import { countVotes, type Electorate, type Standing } from './votes.ts';

const noted = acknowledge({ ...NO_TIMELINES, given: 3 }, 'a', { led: 3, key: 5 });
const me: Standing = { site: 'c', timeline: 3, lsn: 100 };
const sync: Electorate = { leader: 'a', standbys: ['b', 'c'], quorum: 1 };
const copy = (site: string, lsn: number, timeline = 3): Standing => ({ site, timeline, lsn });

const counted = (others: Standing[], electorate: Electorate | null = sync, from = me) =>
  countVotes(from, electorate, others, noted).lacking;

test('of those that may have confirmed, enough must say that they have no more', () => {
  expect(counted([copy('b', 100)])).toBeNull();
  expect(counted([copy('b', 101)])).toContain('b has more');
  expect(counted([copy('a', 101), copy('b', 99)])).toBeNull();
  expect(counted([copy('a', 101), copy('b', 101)])).toContain('a and b has more');
});

test('who does not run, or may not have confirmed, has no vote', () => {
  expect(counted([])).toContain('too few');
  expect(counted([copy('b', 0)])).toContain('too few');
  expect(counted([copy('x', 5)])).toContain('too few');
  expect(counted([copy('c', 100)])).toContain('too few');
});

test('who may not have confirmed itself needs one vote more', () => {
  const me = copy('d', 100);
  expect(counted([copy('b', 90)], sync, me)).toContain('too few');
  expect(counted([copy('b', 90), copy('c', 90)], sync, me)).toBeNull();
});

test('a copy on a dead timeline has confirmed nothing of the living one, wherever it is', () => {
  expect(counted([copy('a', 500, 2)])).toBeNull();
});

test('whom /sync names has everything, and where nothing has acknowledged there is nothing to lack', () => {
  expect(counted([copy('b', 500)], { ...sync, leader: 'c' })).toBeNull();
  expect(counted([copy('b', 500)], null)).toBeNull();
  expect(countVotes(me, sync, [copy('b', 500)], NO_TIMELINES).lacking).toBeNull();
});

test('to ask again is of no use only where somebody has more', () => {
  expect(countVotes(me, sync, [copy('b', 101)], noted).isFinal).toBe(true);
  expect(countVotes(me, sync, [], noted).isFinal).toBe(false);
});
