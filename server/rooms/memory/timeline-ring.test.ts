import { expect, test } from 'vitest';
import type { RoomEvent } from '../room-event.ts';
import { TimelineRing } from './timeline-ring.ts';

const event = (position: number, members = '') =>
  ({ position, members, unsigned: '' }) as RoomEvent;
const sized = (eventsMax: number, bytesMax = 1_000_000) => ({ eventsMax, bytesMax });
const nids = (events: readonly RoomEvent[] | undefined) => events?.map((each) => each.position);

test('it answers for what it has seen, and for nothing before that', () => {
  const ring = new TimelineRing(10, sized(8));
  for (const nid of [11, 14, 17]) ring.push(event(nid));
  expect(nids(ring.newest({ after: 10, upTo: 20, limit: 5 }))).toEqual([11, 14, 17]);
  expect(nids(ring.newest({ after: 11, upTo: 16, limit: 5 }))).toEqual([14]);
  expect(nids(ring.newest({ after: 0, upTo: 20, limit: 2 }))).toEqual([14, 17]);
  expect(ring.newest({ after: 9, upTo: 20, limit: 5 })).toBeUndefined();
});

test('it keeps the newest, and knows what it has let go', () => {
  const ring = new TimelineRing(0, sized(4));
  for (let nid = 1; nid <= 9; nid++) ring.push(event(nid));
  expect(nids(ring.newest({ after: 5, upTo: 99, limit: 9 }))).toEqual([6, 7, 8, 9]);
  expect(ring.newest({ after: 4, upTo: 99, limit: 9 })).toBeUndefined();
});

test('what was read from the database is put before what is there', () => {
  const ring = new TimelineRing(10, sized(8));
  ring.push(event(12));
  ring.fill([event(3), event(7), event(12)], { after: 2, upTo: 12 });
  expect(nids(ring.newest({ after: 2, upTo: 20, limit: 9 }))).toEqual([3, 7, 12]);
});

test('a read that leaves a gap to what is there is not put in', () => {
  const ring = new TimelineRing(10, sized(8));
  ring.fill([event(3)], { after: 2, upTo: 5 });
  expect(ring.newest({ after: 2, upTo: 20, limit: 9 })).toBeUndefined();
});

test('large events crowd out older ones, and it stays below its bytes', () => {
  const ring = new TimelineRing(0, sized(32, 100_000));
  for (let nid = 1; nid <= 20; nid++) ring.push(event(nid, 'x'.repeat(20_000)));
  expect(ring.bytes).toBeLessThanOrEqual(200_000);
  const kept = nids(ring.newest({ after: 0, upTo: 99, limit: 2 }));
  expect(kept).toEqual([19, 20]);
  expect(ring.newest({ after: 0, upTo: 99, limit: 20 })).toBeUndefined();
});
