import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { reasonNotReady } from '../gate.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { writesOf } from '../told/writes.ts';
import type { Report, View } from '../view.ts';
import { observe } from './observe.ts';

const see = (state: State, clusterId: string, revision: number, now: number) =>
  observe(state, { kind: 'pulse-seen', clusterId, site: 'b', revision }, now, TIMINGS);
const read = (state: State, view: View, now: number) =>
  observe(state, { kind: 'read', view }, now, TIMINGS);

test('a pulse is as old as its first sight, whether a watch or a reading showed it', () => {
  const begun = read(start(self, 0), view('1', 10), 100);
  expect(begun.pulses.b).toEqual({ revision: 10, seenAt: 100 });
  const seen = see(begun, '1', 20, 800);
  expect(read(seen, view('1', 20), 3_000).pulses.b).toEqual({ revision: 20, seenAt: 800 });
  expect(read(seen, view('1', 30), 3_000).pulses.b).toEqual({ revision: 30, seenAt: 3_000 });
});

test('a reading that left before the pulse came does not make it new again', () => {
  const seen = see(read(start(self, 0), view('1', 10), 100), '1', 20, 800);
  const late = read(seen, view('1', 10), 900);
  expect(read(late, view('1', 20), 1_000).pulses.b).toEqual({ revision: 20, seenAt: 800 });
});

test('an agent listens to one etcd: another one renews nothing, and status says what to do', () => {
  const known = {
    ...read(start(self, 0), view('1', 5_000), 100),
    leader: { revision: 7, until: 500 },
  };
  const holds = { leader: 7 };
  const pulsed = { kind: 'pulsed', sentAt: 900, holds, renewed: true, view: view('2', 7) } as const;
  const after = observe(known, pulsed, 1_000, TIMINGS);
  expect([after.leader, after.view, after.readAt]).toEqual([known.leader, known.view, 100]);
  expect(after.etcdTrouble).toContain('another etcd answers, cluster 2 and not 1');
  expect(see(after, '2', 5_001, 1_100).pulses.b).toEqual({ revision: 5_000, seenAt: 100 });
  expect(read(after, view('1', 5_010), 1_200).etcdTrouble).toBeNull();
});

test('one that was made anew is taken when the one before has been silent for a minute, as a new agent would', () => {
  const known: State = {
    ...read(start(self, 0), view('1', 5_000), 100),
    leader: { revision: 7, until: 7_100 },
    promisedUntil: 7_100,
    pause: { number: 5_001, until: 9_000_000 },
  };
  const early = read(known, view('2', 7), 60_000);
  expect([early.view?.clusterId, early.etcdTrouble]).toEqual([
    '1',
    expect.stringContaining('is taken in 1 s'),
  ]);
  const taken = read(early, view('2', 8), 60_100);
  expect([taken.view?.clusterId, taken.etcdTrouble, taken.leader]).toEqual(['2', null, null]);
  expect([taken.pulses.b, taken.pause]).toEqual([{ revision: 8, seenAt: 60_100 }, null]);
  expect(taken.promisedUntil).toBeGreaterThanOrEqual(known.promisedUntil);
  expect(read(taken, view('1', 5_010), 60_200).view?.clusterId).toBe('2');
});

test('nor is it taken while the one before still answers now and then', () => {
  let state = read(start(self, 0), view('1', 5_000), 100);
  for (let now = 50_000; now < 400_000; now += 50_000) {
    state = read(state, view('1', 5_000 + now), now);
    state = read(state, view('2', 9_000_000), now + 49_000);
  }
  expect(state.view?.clusterId).toBe('1');
});

test('one that was put back to what it was before, as the same cluster, is taken after a minute too', () => {
  const known = read(start(self, 0), view('1', 5_000), 100);
  const early = read(known, view('1', 7), 60_000);
  expect([early.view?.revision, early.readAt]).toEqual([5_000, 100]);
  expect(early.etcdTrouble).toContain('revision 7 after 5000');
  const taken = read(early, view('1', 8), 60_100);
  expect([taken.view?.revision, taken.readAt, taken.etcdTrouble]).toEqual([8, 60_100, null]);
});

test('an answer that was overtaken renews what it renews', () => {
  const known = {
    ...read(start(self, 0), view('1', 50), 100),
    leader: { revision: 7, until: 500 },
  };
  const holds = { leader: 7 };
  const pulsed = { kind: 'pulsed', sentAt: 900, holds, renewed: true, view: view('1', 7) } as const;
  expect(observe(known, pulsed, 1_000, TIMINGS).leader?.until).toBeGreaterThan(500);
});

// One that had it on wrote it, and Patroni is lax since (docs/going-alone.md).
test('where going alone is switched off a key of it that is left in etcd lets nobody acknowledge alone, nor says so', () => {
  const alone = { site: 'b', leaver: 'c', members: ['a', 'b', 'c'], revision: 9 };
  const server = { role: 'writer', epoch: 4, position: 1, healthy: true, why: null };
  const { patroni, ...rest } = emptyView(10, {
    b: { revision: 10, report: { server, witness: false } as Report },
  });
  const sync = { leader: 'b', standbys: [], revision: 8 };
  const leader = { site: 'b', lease: '1', revision: 7 };
  const left: View = {
    ...{ ...rest, alone, leader: { site: 'b', revision: 6 } },
    patroni: { ...patroni, leader, sync, isLax: true },
  };
  const seenBy = (site: string, isOn: boolean) =>
    read(start(selfAt(site, { alone: isOn }), 0), left, 100);
  const writes = (isOn: boolean) => writesOf(seenBy('a', isOn), 100, TIMINGS).kind;
  const gate = (isOn: boolean) => reasonNotReady({ ...seenBy('b', isOn), ledTimeline: 1 });
  expect([writes(true), writes(false)]).toEqual(['unprotected', 'wait']);
  expect([gate(true), gate(false)]).toEqual([null, expect.stringContaining('names no standby')]);
  expect(seenBy('a', false).view?.alone).toBeUndefined();
});

test('one that only was silent for long is the same', () => {
  const known: State = {
    ...read(start(self, 0), view('1', 50), 100),
    pause: { number: 7, until: 9_000_000 },
  };
  expect(read(known, view('1', 51), 200_000).pause).toEqual(known.pause);
});

test('a lease of our own whose key somebody takes away is free for us at once, while it was good', () => {
  const held = { ...view('1', 5), leader: { site: 'a', revision: 7 } };
  const leading = { ...read(start(self, 0), held, 100), leader: { revision: 7, until: 2_000 } };
  expect(read(leading, view('1', 9), 1_000).vacantSince.leader).toBe(1_000);
  expect(read(leading, view('1', 9), 3_000).vacantSince.leader).toBe(3_000 + TIMINGS.leaderLeaseMs);
});

const self = selfAt('a');

const view = (clusterId: string, revision: number): View => ({
  ...emptyView(revision, { b: { revision, report: {} as Report } }),
  clusterId,
});
