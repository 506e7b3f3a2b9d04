import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import type { Report } from '../view.ts';
import { placeEtcdLeader } from './etcd-leader.ts';

const NOW = 100_000;

test('etcd’s leader goes from the active site to one whose agent lives, the last by name', () => {
  expect(movedTo({})).toBe('id of c');
  expect(movedTo({ pulses: { b: { revision: 8, seenAt: NOW } } })).toBe('id of b');
});

test('not while something else moves, nor beside a primary that gives no sign of life', () => {
  expect(movedTo({ calmSince: NOW - 5_000 })).toBeNull();
  const view = viewOf('b');
  const pulses = { c: { revision: 8, seenAt: NOW } };
  expect(movedTo({ view, pulses, address: { revision: 3, until: NOW + 3_000 } })).toBeNull();
});

test('it stays where it is while one site goes on alone', () => {
  const alone = { site: 'b', leaver: 'c', members: ['a', 'b', 'c'], revision: 9 };
  expect(movedTo({ view: { ...viewOf('a'), alone } })).toBeNull();
});

test('not twice in a row, and only by the site that has it and is active', () => {
  expect(movedTo({ etcdLeaderMovedAt: NOW - 20_000 })).toBeNull();
  expect(movedTo({ etcdLeader: { ...HERE, here: false } })).toBeNull();
  expect(movedTo({ view: viewOf('b') })).toBeNull();
});

test('nor is it left where the battery runs, if another member has power; a witness with power comes before all', () => {
  const here = { ...start(selfAt('a'), 0).power, power: 'battery' as const };
  const elsewhere = (b: Report['power'], c: Report['power']) => {
    const view = viewOf('b');
    return { ...view, sites: { ...view.sites, ...on('b', b), ...on('c', c) } };
  };
  expect(movedTo({ power: here, view: elsewhere('mains', 'mains') })).toBe('id of c');
  expect(movedTo({ power: here, view: elsewhere('mains', 'battery') })).toBeNull();
  // Off the active site it goes in any case, and rather to one on mains.
  expect(movedTo({ view: { ...viewOf('a'), sites: elsewhere('mains', 'low').sites } })).toBe(
    'id of b',
  );
  expect(movedTo({ view: { ...viewOf('a'), sites: elsewhere('low', 'battery').sites } })).toBe(
    'id of c',
  );
});

const on = (site: string, power: Report['power']) => ({
  [site]: { revision: 8, report: { ...wellAtSite(site), power } },
});

const HERE = {
  here: true,
  since: 0,
  others: ['b', 'c'].map((name) => ({ id: `id of ${name}`, name })),
};

/** Where Patroni's primary is at this site. */
function viewOf(primary: string) {
  const sites = Object.fromEntries(
    ['a', 'b', 'c'].map((site) => [site, { revision: 8, report: wellAtSite(site) }]),
  );
  const begun = emptyView(9, sites);
  const leader = { site: primary, lease: '1', revision: 5 };
  return { ...begun, patroni: { ...begun.patroni, leader } };
}

function movedTo(change: Partial<State>): string | null {
  const seen = { revision: 8, seenAt: NOW };
  const state: State = {
    ...start(selfAt('a'), 0),
    view: viewOf('a'),
    readAt: NOW,
    pulses: { b: seen, c: seen },
    calmSince: 0,
    etcdLeader: HERE,
    ...change,
  };
  const turn: Turn = { state, effects: [], now: NOW, timings: TIMINGS };
  placeEtcdLeader(turn);
  const moved = turn.effects.find((effect) => effect.kind === 'move-etcd-leader');
  return moved?.kind === 'move-etcd-leader' ? moved.member : null;
}
