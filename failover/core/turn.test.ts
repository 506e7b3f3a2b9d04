import { expect, test } from 'vitest';
import { selfAt } from '../../test/support/self.ts';
import { type Effect, pendingOf } from './effects.ts';
import type { Input, Pending } from './inputs.ts';
import { step } from './machine.ts';
import { type State, start } from './state.ts';
import { TIMINGS } from './timings.ts';
import { StoryEtcd } from './told/story-etcd.ts';
import type { View } from './view.ts';

// What fails is wanted still, and fails again at once: an etcd that refuses connections, a driver that cannot fork.

test.each<[Pending, string, Input[]]>([
  ['claim leader', 'patroni a, leader -, address b 5', []],
  ['claim address', 'patroni a, leader a 5, address -', [found(false)]],
  ['release leader', 'patroni b, leader a 5, address b 5', []],
  ['release address', 'patroni b, leader b 5, address a 5', [found(false)]],
  ['drop-address', 'patroni b, leader b 5, address b 5', [found(true)]],
  ['note-timeline', 'patroni a, leader a 5, address b 5, noted 1 4', []],
  ['cancel-switchover', 'patroni b, leader b 5, address b 5, sync c, failover b a', []],
])('%s that is refused again and again is asked for a few times a second', (what, story, seen) => {
  const asked = askedInASecond(what, story, seen, { kind: 'failed', effect: what, reason: 'no' });
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(8);
});

test('what was done, and is not seen to have changed anything, is not done again at once', () => {
  const story = 'patroni b, leader b 5, address b 5, sync c, failover b a';
  const done = { kind: 'done', effect: 'cancel-switchover' } as const;
  expect(askedInASecond('cancel-switchover', story, [], done)).toBeLessThan(8);
});

test('a pulse that is refused again and again is sent ten times a second at most', () => {
  const etcd = new StoryEtcd({});
  let state: State = start(selfAt('a'), 0);
  let sent = 0;
  const take = (input: Input, now: number): void => {
    const turn = step(state, input, now, TIMINGS);
    state = turn.state;
    sent += turn.effects.filter(({ kind }) => kind === 'pulse').length;
  };
  take({ kind: 'read', view: etcd.change('machine m 1, leader b 5') }, 0);
  for (let now = 2; now < 1_000; now += 2)
    take({ kind: 'pulsed', sentAt: now, holds: {}, renewed: false, view: etcd.read() }, now);
  // Several, since what is still held wants to be told.
  expect(sent).toBeGreaterThan(5);
  expect(sent).toBeLessThan(15);
});

/** How often site a asks for it, told at once each time how that ended. */
function askedInASecond(what: Pending, story: string, seen: Input[], ending: Input): number {
  const etcd = new StoryEtcd({ b: { server: WRITER } });
  const view = etcd.change(`machine m 1, ${story}`);
  let state: State = start(selfAt('a'), 0);
  let asked = 0;
  const take = (input: Input, now: number): void => {
    const turn = step(state, input, now, TIMINGS);
    state = turn.state;
    for (const effect of turn.effects) {
      if (effect.kind === 'pulse') take(pulsed(effect, view), now);
      else if (effect.kind !== 'answer' && pendingOf(effect) === what) asked++;
    }
  };
  for (let now = 0; now < 12_000; now += 2) {
    if (now % 200 === 0) for (const input of wellAt(now, view, seen)) take(input, now);
    if (now === 11_000) asked = 0;
    take(state.pending[what] === undefined ? { kind: 'tick' } : ending, now);
  }
  return asked;
}

const wellAt = (now: number, view: View, seen: Input[]): Input[] => [
  { kind: 'read', view },
  { kind: 'postgres', postgres: { role: 'primary', state: 'running', timeline: 1, lsn: '1' } },
  { kind: 'server', askedAt: now, server: WRITER },
  { kind: 'front', healthy: true, connections: 0 },
  { kind: 'patroni-lease', lease: 'lease of a', sentAt: now, ttlMs: 20_000 },
  ...seen,
];

const WRITER = { role: 'writer', epoch: 7, position: 0, healthy: true, why: null } as const;

function found(present: boolean): Input {
  return { kind: 'address-found', present };
}

const pulsed = ({ sentAt, holds }: Extract<Effect, { kind: 'pulse' }>, view: View): Input => ({
  kind: 'pulsed',
  renewed: true,
  ...{ sentAt, holds, view },
});
