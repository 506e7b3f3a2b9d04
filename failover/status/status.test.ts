import { expect, test } from 'vitest';
import { selfAt } from '../../test/support/self.ts';
import { step } from '../core/machine.ts';
import { reportNow } from '../core/pulse/report.ts';
import { type State, start } from '../core/state.ts';
import { TIMINGS } from '../core/timings.ts';
import { explain } from '../core/told/explain.ts';
import { StoryEtcd } from '../core/told/story-etcd.ts';
import { statusOf } from './status.ts';

const told = { kind: 'disk', why: 'no space left', agoMs: 2_000, sinceMs: 9_000 } as const;

test('why a promotion was refused is told to the other sites, and shown by each of them', () => {
  const own = step(start(selfAt('b'), 0), { kind: 'promotion', told }, 0).state;
  const { refused } = reportNow(own, 1_000, TIMINGS);
  expect(refused).toEqual({ ...told, agoMs: 3_000, sinceMs: 10_000 });
  const view = new StoryEtcd({ b: { refused: refused! } }).read();
  const other = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  expect(shownAt(other, 'b')).toEqual(refused);
  expect(shownAt(other, 'c')).toBeNull();
});

test('a pause of Patroni itself is shown as long as it lasts', () => {
  const at = (story: string): State => {
    const view = new StoryEtcd({}).change(story);
    return step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  };
  const said = (state: State) => explain(state, 0, TIMINGS).others;
  expect(said(at('patroni b, paused'))).toContain(
    'Patroni itself is paused: a primary that is lost',
  );
  expect(said(at('patroni b'))).not.toContain('paused');
});

test('a move that was asked of Patroni is shown with its reason until its end is known', () => {
  const view = new StoryEtcd({}).change('patroni b, sync-leader b, sync a c');
  const following = step(start(selfAt('a'), 0), { kind: 'read', view }, 0).state;
  const asked = step(following, { kind: 'switchover-wanted', id: '1', to: 'c' }, 0).state;
  expect(shownBy(asked).moving).toEqual({ to: 'c', why: 'the operator wants it' });
  const ended = step(asked, { kind: 'done', effect: 'switchover' }, 100).state;
  expect(shownBy(ended).moving).toBeNull();
});

function shownBy(state: State) {
  const asked = { etcd: [], patroniKeyLeftMs: null, setAside: null, halfMade: null, addresses: [] };
  return statusOf(state, explain(state, 0, TIMINGS), asked, 0);
}

function shownAt(state: State, name: string) {
  return shownBy(state).sites.find(({ site }) => site === name)?.refused;
}
