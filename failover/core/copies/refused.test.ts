import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import type { Input, ToldOfPromotion } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { StoryEtcd } from '../told/story-etcd.ts';
import { refusedNow } from './refused.ts';

test('why a promotion was refused is told with how long ago that was, until it says nothing of the next one', () => {
  const site = standby();
  site.takes({ kind: 'promotion', told: word('etcd', 3_000, 40_000) });
  expect(site.refused()).toMatchObject({ kind: 'etcd', agoMs: 3_000, sinceMs: 40_000 });
  site.passes(10_000);
  expect(site.refused()).toMatchObject({ kind: 'etcd', agoMs: 13_000, sinceMs: 50_000 });
  site.passes(60_000);
  expect(site.refused()).toBeNull();
});

test('what a person has to mend is told until the program says that nothing speaks against it', () => {
  const site = standby();
  site.takes({ kind: 'promotion', told: word('certificate') });
  site.passes(3_600_000);
  expect(site.refused()?.kind).toBe('certificate');
  site.takes({ kind: 'promotion', told: word(null) });
  expect(site.refused()).toBeNull();
});

test('nothing is told of a copy that is promoted after all, nor that one lacks what it is streaming', () => {
  const site = standby();
  site.takes({ kind: 'promotion', told: word('left-behind') });
  expect(site.refused()?.kind).toBe('left-behind');
  site.takes(postgres('standby', 'streaming'));
  expect(site.refused()).toBeNull();
  site.takes({ kind: 'promotion', told: word('certificate') });
  expect(site.refused()?.kind).toBe('certificate');
  site.takes(postgres('primary', 'running'));
  expect(site.refused()).toBeNull();
});

test('a program that does not even run is known by the key that Patroni took and let go', () => {
  const site = standby();
  site.sees('patroni a');
  site.sees('patroni -');
  expect(site.refused()).toBeNull();
  site.takes({ kind: 'promotion', told: null });
  expect(site.refused()?.kind).toBe('silent');
  // Its word of an earlier time is not of this one.
  site.takes({ kind: 'promotion', told: word(null, 60_000) });
  expect(site.refused()?.kind).toBe('silent');
  site.takes({ kind: 'promotion', told: word('disk', 500) });
  expect(site.refused()?.kind).toBe('disk');
});

test('a key that a primary lets go, or a site that was promoted in between, is no refusal', () => {
  const site = standby();
  site.sees('patroni a');
  site.takes(postgres('primary', 'running'));
  site.sees('patroni a');
  site.takes(postgres('standby', 'running'));
  site.sees('patroni b');
  site.takes({ kind: 'promotion', told: null });
  expect(site.refused()).toBeNull();
});

const word = (kind: ToldOfPromotion['kind'], agoMs = 0, sinceMs = agoMs): ToldOfPromotion => ({
  why: 'why',
  ...{ kind, agoMs, sinceMs },
});

const postgres = (role: 'primary' | 'standby', state: string): Input => ({
  kind: 'postgres',
  postgres: { role, state, timeline: 1, lsn: '1' },
});

/** Site a, which has looked at everything once. */
function standby() {
  const etcd = new StoryEtcd({});
  let now = 0;
  let state: State = start(selfAt('a'), now);
  const site = {
    takes(input: Input): void {
      now += 100;
      ({ state } = step(state, input, now, TIMINGS));
    },
    sees: (story: string) => site.takes({ kind: 'read', view: etcd.change(story) }),
    passes(ms: number): void {
      now += ms;
    },
    refused: () => refusedNow(state, now),
  };
  site.sees('machine m 1, patroni b');
  site.takes({ kind: 'promotion', told: null });
  site.takes(postgres('standby', 'running'));
  return site;
}
