import { expect, test } from 'vitest';
import { observe } from './observe.ts';
import { type Self, type State, start } from './state.ts';
import { TIMINGS } from './timings.ts';
import type { Report, View } from './view.ts';

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

test('an etcd that was made anew counts from one, and a watch of the old one says nothing of it', () => {
  const old = read(start(self, 0), view('1', 5_000), 100);
  const anew = see(read(old, view('2', 7), 1_000), '1', 5_001, 1_100);
  expect(anew.pulses.b).toEqual({ revision: 7, seenAt: 1_000 });
});

const self: Self = {
  site: 'a',
  witness: false,
  serverUrl: null,
  strict: true,
  mayHandOver: false,
  mayHoldAddress: true,
};

function view(clusterId: string, revision: number): View {
  return {
    clusterId,
    revision,
    leader: { site: null, revision: 0 },
    address: { site: null, revision: 0 },
    sites: { b: { revision, report: {} as Report } },
    patroni: {
      leader: null,
      sync: null,
      failover: null,
      failoverRevision: 0,
      timeline: 1,
      paused: false,
      configRevision: 0,
    },
    unreadable: [],
  };
}
