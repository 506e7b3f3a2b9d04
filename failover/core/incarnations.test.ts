import { expect, test } from 'vitest';
import { emptyView } from '../../test/support/empty-view.ts';
import { selfAt } from '../../test/support/self.ts';
import { reasonGateIsClosed } from './gate.ts';
import { reasonOfOtherEtcd } from './incarnations.ts';
import { otherEtcd } from './observe/etcd.ts';
import { wordNow } from './pulse/word.ts';
import { type State, start } from './state.ts';
import { TIMINGS } from './timings.ts';
import { wellAtSite } from './told/story-etcd.ts';

// Each of two sites may have been let go on alone, by two who did not know of each other (`farol promote`).

type Begun = readonly [number: number, id: string] | null;

test.each<[string, Begun, Begun, boolean]>([
  ['both were begun once, at each site one', [1, 'b'], [1, 'a'], true],
  ['the other was begun more often', [1, 'b'], [2, 'a'], true],
  ['the other was begun, and this one never', null, [1, 'a'], true],
  ['it is the same', [1, 'b'], [1, 'b'], false],
  ['the other is of before', [2, 'b'], [1, 'a'], false],
  ['the other was never begun so', [1, 'b'], null, false],
  ['neither was', null, null, false],
])('where %s', (_, own, theirs, isClosed) => {
  const state = stateOf(own, theirs);
  expect(reasonOfOtherEtcd(state) !== null).toBe(isClosed);
  if (isClosed) expect(reasonGateIsClosed(state)).toMatch(/^a goes on with another etcd/);
  else expect(reasonGateIsClosed(state)).not.toMatch(/another etcd/);
});

test('the last word counts while that site is silent: behind a line that comes and goes nobody answers in between', () => {
  const state = stateOf([1, 'b'], [1, 'a']);
  const peers = { a: { ...state.peers.a!, at: -1e9, trouble: { why: 'silent', since: 0 } } };
  expect(reasonOfOtherEtcd({ ...state, peers })).not.toBeNull();
});

test('an agent says to the others which etcd it knows', () => {
  const { incarnation } = wordNow(stateOf([3, 'b'], null), 0, TIMINGS);
  expect(incarnation).toEqual({ number: 3, id: 'b' });
  expect(wordNow(stateOf(null, null), 0, TIMINGS)).not.toHaveProperty('incarnation');
});

test('an answer of the one is not taken for one of the other, though both go back to one and have its id', () => {
  const state = { ...stateOf([1, 'b'], null), readAt: 0 };
  const { view } = stateOf([1, 'a'], null);
  const read = { kind: 'read' as const, sentAt: 0, view: view! };
  expect(otherEtcd(state, read, 1_000)).toEqual({
    inMs: 59_000,
    why: expect.stringContaining(
      'another etcd answers, cluster 1 as b goes on with it and not 1 as b',
    ),
  });
  expect(otherEtcd(state, { ...read, view: state.view! }, 1_000)).toBeNull();
});

function stateOf(own: Begun, theirs: Begun): State {
  const incarnation = own && { number: own[0], id: own[1], site: 'b', without: ['a'] };
  const word = {
    report: wellAtSite('a'),
    etcdSilentMs: 0,
    ...(theirs && { incarnation: { number: theirs[0], id: theirs[1] } }),
  };
  return {
    ...start(selfAt('b'), 0),
    view: { ...emptyView(1, {}), ...(incarnation && { incarnation }) },
    peers: { a: { word, at: 0, trouble: null } },
  };
}
