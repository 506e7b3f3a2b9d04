import { expect, test } from 'vitest';
import type { EventId } from '../../protocol/identifiers.ts';
import { RecentRelations } from './recent-relations.ts';

const id = (nid: number) => `$${nid}` as EventId;
const event = (nid: number) => ({ nid, eventId: id(nid) });
const relation = (nid: number, target: number) => ({ nid, targetId: id(target) });

test('of an event that came since the room was loaded it is known whether anything relates to it', () => {
  const recent = new RecentRelations(10);
  recent.add(relation(13, 11));
  expect([10, 11, 12].map((nid) => recent.isAlone(event(nid)))).toEqual([undefined, false, true]);
});

test('of an older one it is known when what came since was read', () => {
  const recent = new RecentRelations(10);
  recent.fill([relation(9, 6), relation(8, 7)], { after: 5, upTo: 10 });
  expect([5, 6, 7, 8].map((nid) => recent.isAlone(event(nid)))).toEqual([
    ...[undefined, false, false, true],
  ]);
});

test('what was read of a range that does not join up is not taken', () => {
  const recent = new RecentRelations(10);
  recent.fill([relation(7, 6)], { after: 5, upTo: 9 });
  expect(recent.isAlone(event(8))).toBeUndefined();
  expect(recent.isAlone(event(6))).toBeUndefined();
});

test('of many the oldest are forgotten, and nothing is known then of events from before them', () => {
  const recent = new RecentRelations(0);
  for (let nid = 1; nid <= 150; nid++) recent.add(relation(1_000 + nid, nid));
  expect(recent.isFull).toBe(true);
  expect(recent.isAlone(event(50))).toBeUndefined();
  expect(recent.isAlone(event(51))).toBe(false);
  expect(recent.isAlone(event(1_050))).toBeUndefined();
  expect(recent.isAlone(event(1_051))).toBe(true);
});

test('an event that is related to again is forgotten last', () => {
  const recent = new RecentRelations(0);
  recent.add(relation(1_000, 1));
  for (let nid = 2; nid <= 100; nid++) recent.add(relation(1_000 + nid, nid));
  recent.add(relation(1_101, 1));
  recent.add(relation(1_102, 200));
  expect(recent.isAlone(event(1))).toBe(false);
  expect(recent.isAlone(event(2))).toBeUndefined();
  expect(recent.isAlone(event(1_003))).toBe(true);
});
