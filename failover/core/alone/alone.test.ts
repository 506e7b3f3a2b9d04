import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import type { Effect } from '../effects.ts';
import { reasonNotReady } from '../gate.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import { writesOf } from '../told/writes.ts';
import type { Turn } from '../turn.ts';
import type { Report, Site, View } from '../view.ts';
import { goAlone } from './go-alone.ts';
import { grow } from './grow.ts';
import { leaveEtcd } from './leave-etcd.ts';

const NOW = 100_000;
const ALONE = { site: 'c', leaver: 'b', members: ['a', 'b', 'c'], revision: 8 };
const member = (name: Site, learner = false) => ({ id: `id of ${name}`, name, learner });
const members = (names: string, own: string | null = names) => ({
  members: [...names].map((name) => member(name)),
  own: own === null ? null : [...own].map((name) => `id of ${name}`),
  at: NOW,
});

test('who leads writes down that it may be alone when the only other one that lives is about to go', () => {
  expect(written(goesAlone({}))).toEqual({ leaver: 'b', members: ['a', 'b', 'c'] });
});

test.each([
  ['switched off', { self: selfAt('c') }],
  ['another one lives', { pulses: pulsesOf('a', 'b') }],
  ['the other one does not go', { view: viewOf({ b: {} }) }],
  ['it does not lead', { leader: null }],
  ['its battery ends soon', { power: battery(899_000) }],
  ['nobody knows how it has power', { power: { ...battery(0), power: 'unknown' as const } }],
  ['nobody knows who etcd’s members are', { etcdMembers: null }],
  ['what is known of them is old', { etcdMembers: { ...members('abc'), at: NOW - 2_501 } }],
  ['moves are paused', { pause: { number: 1, until: NOW + 1 } }],
  ['the other one has no vote', { etcdMembers: members('ac') }],
])('not where %s', (_, special: Partial<State>) => {
  expect(written(goesAlone(special))).toBeNull();
});

test('a battery that lasts is as good as mains', () => {
  expect(written(goesAlone({ power: battery(900_000) }))).not.toBeNull();
});

test('it ends once others vote, are there and stay, and somebody confirms', () => {
  const back = {
    view: viewOf({ b: {} }, { alone: ALONE, standbys: ['a'] }),
    pulses: pulsesOf('a', 'b'),
  };
  expect(written(goesAlone(back))).toEqual({ leaver: null, members: ['a', 'b', 'c'] });
  const ends = (special: Partial<State>) => written(goesAlone({ ...back, ...special }));
  expect(ends({ etcdMembers: members('c') })).toBeNull();
  expect(ends({ pulses: pulsesOf('b') })).toBeNull();
  expect(ends({ view: viewOf({ b: {} }, { alone: ALONE, standbys: [] }) })).toBeNull();
  const going = viewOf({ b: { goesDown: true } }, { alone: ALONE, standbys: ['a'] });
  expect(ends({ view: going })).toBeNull();
});

test('whoever made Patroni strict again meanwhile is overruled for as long as it is alone', () => {
  const view = viewOf({}, { alone: ALONE, isLax: false });
  expect(written(goesAlone({ view, etcdMembers: members('c') }))).toEqual({
    leaver: 'b',
    members: ['a', 'b', 'c'],
  });
});

test('alone it answers without a standby, and says that it is unprotected; nobody else may', () => {
  const server = { role: 'writer', epoch: 4, position: 1, healthy: true, why: null } as const;
  const view = viewOf({ c: { server } }, { alone: ALONE });
  const of = (site: Site) => ({
    ...start(selfAt(site, { alone: true }), 0),
    ledTimeline: 1,
    view: { ...view, patroni: { ...view.patroni, sync: { ...view.patroni.sync!, leader: site } } },
  });
  expect(reasonNotReady(of('c'))).toBeNull();
  expect(reasonNotReady(of('b'))).toContain('no standby');
  const strict = viewOf({}, { alone: ALONE, isLax: false });
  expect(reasonNotReady({ ...of('c'), view: strict })).toContain('no standby');
  const writes = { ...of('a'), readAt: NOW, pulses: pulsesOf('c'), view };
  expect(writesOf(writes, NOW, TIMINGS).kind).toBe('unprotected');
});

test('who leaves has etcd’s leader go first, then the silent one removed, and itself last', () => {
  expect(leaves({ etcdLeader: { here: true, others: [], since: 0 } })).toEqual([
    { kind: 'move-etcd-leader', member: 'id of c' },
  ]);
  expect(leaves({})).toEqual([{ kind: 'remove-member', member: 'id of a' }]);
  expect(leaves({ etcdMembers: members('bc') })).toEqual([]);
  const heard = { etcdMembers: members('bc'), leavingEtcd: { id: null, heardSince: NOW - 2_000 } };
  expect(leaves(heard)).toEqual([{ kind: 'remove-member', member: 'id of b' }]);
});

test('not itself before its own member has heard that the other is, and has written since', () => {
  const after = (etcdMembers: State['etcdMembers'], heardSince: number | null) =>
    leaves({ etcdMembers, leavingEtcd: { id: null, heardSince } });
  expect(after(members('bc', 'abc'), NOW - 60_000)).toEqual([]);
  expect(after(members('bc', null), NOW - 60_000)).toEqual([]);
  expect(after(members('bc'), NOW - 1_000)).toEqual([]);
});

test('when it is none any more it says so, and goes', () => {
  expect(leaves({ etcdMembers: members('c'), leavingEtcd: { id: '1', heardSince: 0 } })).toEqual([
    expect.objectContaining({ kind: 'answer', id: '1', accepted: true }),
  ]);
});

test.each([
  ['it leads', { leader: { revision: 4, until: NOW + 1_000 } }],
  ['it has the address', { address: { revision: 4, until: NOW + 1_000 } }],
  ['the one that stays is silent', { pulses: {} }],
  ['nobody may be alone', { view: viewOf({}) }],
  ['another one may leave', { view: viewOf({}, { alone: { ...ALONE, leaver: 'a' } }) }],
  ['moves are paused', { pause: { number: 1, until: NOW + 1 } }],
])('nobody is removed while %s', (_, special: Partial<State>) => {
  expect(leaves(special)).toEqual([]);
});

test('mains that are back keep it, and so does a battery that does not end', () => {
  const mains = { ...battery(0), power: 'mains' as const };
  expect(leaves({ power: mains, leavingEtcd: { id: '1', heardSince: null } })).toEqual([
    expect.objectContaining({ kind: 'answer', accepted: false }),
  ]);
  const asked = turnAt(leaver({ leavingEtcd: null, power: mains }));
  leaveEtcd(asked, { kind: 'leave-wanted', id: '2' });
  expect(asked.effects).toEqual([expect.objectContaining({ id: '2', accepted: false })]);
  expect(asked.state.leavingEtcd).toBeNull();
});

test('who is back votes once all have been back for a while', () => {
  const back = { etcdMembers: learning(), pulses: pulsesOf('a', 'b') };
  expect(grows({ ...back, allBackSince: NOW - 10_000 })).toEqual(['id of a']);
  expect(grows({ ...back, allBackSince: NOW - 9_999 })).toEqual([]);
  expect(grows({ ...back, allBackSince: NOW - 10_000, pulses: pulsesOf('a') })).toEqual([]);
  const onBattery = viewOf({ b: { power: 'battery' } }, { alone: ALONE });
  expect(grows({ ...back, allBackSince: NOW - 10_000, view: onBattery })).toEqual([]);
});

test('but at once where the one that is alone runs on a battery itself', () => {
  const back = { etcdMembers: learning(), pulses: pulsesOf('a'), power: battery(1_000_000) };
  expect(grows(back)).toEqual(['id of a']);
  expect(grows({ ...back, view: viewOf({ a: { power: 'battery' } }, { alone: ALONE }) })).toEqual(
    [],
  );
  const two = { ...learning(), members: [member('c'), member('b'), member('a', true)] };
  expect(grows({ ...back, etcdMembers: two })).toEqual([]);
});

const learning = () => ({ ...members('c'), members: [member('c'), member('a', true)] });

function battery(leftMs: number): State['power'] {
  return { power: 'battery', since: 0, charge: null, endsAt: NOW + leftMs, silentSince: null };
}

function pulsesOf(...sites: Site[]): State['pulses'] {
  return Object.fromEntries(sites.map((site) => [site, { revision: 8, seenAt: NOW - 500 }]));
}

interface Special {
  readonly alone?: View['alone'];
  readonly standbys?: readonly Site[];
  readonly isLax?: boolean;
}

/** Where c leads. */
function viewOf(
  reports: Record<Site, Partial<Report>>,
  { alone, standbys = [], isLax = true }: Special = {},
): View {
  const sites = ['a', 'b', 'c'].map((site) => {
    return [site, { revision: 8, report: { ...wellAtSite(site), ...reports[site] } }];
  });
  const view = emptyView(9, Object.fromEntries(sites));
  const lax = alone !== undefined && isLax ? { isLax: true as const } : {};
  return {
    ...view,
    ...(alone && { alone }),
    leader: { site: 'c', revision: 4 },
    patroni: {
      ...{ ...view.patroni, ...lax },
      leader: { site: 'c', lease: '1', revision: 5 },
      sync: { leader: 'c', standbys, revision: 6 },
      configRevision: 7,
    },
  };
}

const turnAt = (state: State): Turn => ({ state, effects: [], now: NOW, timings: TIMINGS });

/** What c writes, which leads, on mains, beside b that goes, while a is silent. */
function goesAlone(special: Partial<State>): Effect[] {
  const turn = turnAt({ ...survivor(), view: viewOf({ b: { goesDown: true } }), ...special });
  goAlone(turn);
  return turn.effects;
}

function survivor(): State {
  return {
    ...start(selfAt('c', { alone: true }), 0),
    readAt: NOW,
    leader: { revision: 4, until: NOW + 5_000 },
    power: { ...battery(0), power: 'mains', endsAt: null },
    pulses: pulsesOf('b'),
    etcdMembers: members('abc'),
  };
}

function written(effects: Effect[]) {
  const [effect] = effects;
  if (effect?.kind !== 'go-alone') return null;
  expect(effect).toMatchObject({ term: 4, key: 5, config: 7 });
  return { leaver: effect.leaver, members: effect.members };
}

/** b, whose battery ends, and which c has written down that it may go. */
function leaver(special: Partial<State>): State {
  return {
    ...start(selfAt('b', { alone: true }), 0),
    readAt: NOW,
    view: viewOf({}, { alone: ALONE }),
    power: { ...battery(60_000), power: 'low' },
    pulses: pulsesOf('c'),
    etcdMembers: members('abc'),
    leavingEtcd: { id: null, heardSince: null },
    ...special,
  };
}

function leaves(special: Partial<State>): Effect[] {
  const turn = turnAt(leaver(special));
  leaveEtcd(turn, { kind: 'tick' });
  return turn.effects;
}

function grows(special: Partial<State>): string[] {
  const view = viewOf({}, { alone: ALONE });
  const turn = turnAt({ ...survivor(), view, ...special });
  grow(turn);
  return turn.effects.flatMap((effect) =>
    effect.kind === 'promote-member' ? [effect.member] : [],
  );
}
