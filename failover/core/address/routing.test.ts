import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { pulse } from '../pulse/pulse.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import { routing } from './routing.ts';

const NOW = 100_000;

test('fronts are told of a writer as long as its agent gives a sign of life within its lease', () => {
  const writer = (silentMs: number) =>
    routing({ ...STATE, pulses: { b: { revision: 8, seenAt: NOW - silentMs } } }, NOW, TIMINGS)
      .writer;
  expect(writer(TIMINGS.leaderLeaseMs - 1)).toEqual({ site: 'b', epoch: 7, url: 'https://b' });
  expect(writer(TIMINGS.leaderLeaseMs)).toBeNull();
});

test('a pulse renews all that the site holds, and nothing else', () => {
  expect(holdsOf({})).toEqual({});
  const [leader, address] = [4, 5].map((revision) => ({ revision, until: NOW }));
  expect(holdsOf({ leader: leader!, address: address! })).toEqual({ leader: 4, address: 5 });
  expect(holdsOf({ address: address! })).toEqual({ address: 5 });
});

const WRITER = { role: 'writer', epoch: 7, position: 0, healthy: true, why: null } as const;

const STATE: State = {
  ...start(selfAt('a', { serverUrl: null }), 0),
  readAt: NOW,
  view: {
    ...emptyView(9, { b: { revision: 8, report: { ...wellAtSite('b'), server: WRITER } } }),
    leader: { site: 'b', revision: 3 },
  },
};

function holdsOf(change: Partial<State>) {
  const turn: Turn = { state: { ...STATE, ...change }, effects: [], now: NOW, timings: TIMINGS };
  pulse(turn);
  const [effect] = turn.effects;
  return effect?.kind === 'pulse' ? effect.holds : undefined;
}
