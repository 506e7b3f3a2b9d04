import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { wordOf } from '../sites.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Power } from '../view.ts';

test('what another agent says counts from when it was asked, and for a few seconds', () => {
  const state = take(start(selfAt('a'), 0), 900, says('battery', 500));
  expect(powerOf(state, 500 + TIMINGS.unknownMs)).toBe('battery');
  expect(powerOf(state, 501 + TIMINGS.unknownMs)).toBeUndefined();
});

test('an answer that was overtaken by a later one says nothing new', () => {
  const later = take(start(selfAt('a'), 0), 900, says('battery', 500));
  expect(powerOf(take(later, 950, says('mains', 400)), 1_000)).toBe('battery');
  expect(powerOf(take(later, 950, says('mains', 600)), 1_000)).toBe('mains');
});

test('one that does not answer is in trouble since the first time, until it does', () => {
  const silent = (reason: string): Input => ({ kind: 'peer-silent', site: 'b', reason });
  const first = take(start(selfAt('a'), 0), 1_000, silent('refused'));
  const second = take(first, 3_000, silent('no answer'));
  expect(second.peers.b?.trouble).toEqual({ why: 'no answer', since: 1_000 });
  expect(take(second, 4_000, says('mains', 3_900)).peers.b?.trouble).toBeNull();
});

const says = (power: Power, sentAt: number): Input => ({
  kind: 'peer-answered',
  site: 'b',
  sentAt,
  word: { etcdSilentMs: null, report: { ...wellAtSite('b'), power } },
});

const take = (state: State, now: number, input: Input): State => step(state, input, now).state;

const powerOf = (state: State, now: number) => wordOf(state, 'b', now, TIMINGS)?.report.power;
