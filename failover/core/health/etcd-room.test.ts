import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { Turn } from '../turn.ts';
import { etcdMemberNow, makeRoomInEtcd } from './etcd-room.ts';

const NOW = 100_000;
const LEADS = { here: true, others: [], since: 0 };
const WELL = { noSpace: false, own: 0.1, most: 0.1, allAnswer: true, at: NOW };

test('the agent beside etcd’s leader has room made from 60 % on, and every ten minutes while that helps nothing', () => {
  const filling = { ...WELL, most: 0.6 };
  expect(asked({ etcdRoom: filling })).toBe(true);
  expect(asked({ etcdRoom: { ...filling, most: 0.59 } })).toBe(false);
  expect(asked({ etcdRoom: filling, etcdLeader: { ...LEADS, here: false } })).toBe(false);
  expect(asked({ etcdRoom: filling, madeRoomAt: NOW - 599_000 })).toBe(false);
  expect(asked({ etcdRoom: filling, madeRoomAt: NOW - 600_000 })).toBe(true);
  expect(asked({ etcdRoom: { ...filling, at: NOW - 60_000 } })).toBe(false);
  expect(asked({ etcdRoom: null })).toBe(false);
});

test('not while a member is silent, since another one that stands still is the majority; but where nothing is written any more, at once', () => {
  const oneSilent = { ...WELL, most: 0.9, allAnswer: false };
  expect(asked({ etcdRoom: oneSilent })).toBe(false);
  expect(asked({ etcdRoom: { ...oneSilent, noSpace: true } })).toBe(true);
  const full = { ...WELL, noSpace: true };
  expect(asked({ etcdRoom: full, madeRoomAt: NOW - 9_000 })).toBe(false);
  expect(asked({ etcdRoom: full, madeRoomAt: NOW - 10_000 })).toBe(true);
});

test('a member that was replaced is told of for a day, one that waits for as long as it says so', () => {
  const damage = { kind: 'replaced', why: 'its log is damaged', agoMs: 3_600_000 } as const;
  const told = (state: Partial<State>) =>
    etcdMemberNow({ ...start(selfAt('a'), 0), ...state }, NOW);
  expect(told({ etcdDamage: { damage, at: NOW - 2_000 } }).damage?.agoMs).toBe(3_602_000);
  const long = { ...damage, agoMs: 24 * 3_600_000 };
  expect(told({ etcdDamage: { damage: long, at: NOW - 2_000 } }).damage).toBeNull();
  const waits = { ...damage, kind: 'waits', agoMs: 59_000 } as const;
  expect(told({ etcdDamage: { damage: waits, at: NOW } }).damage?.kind).toBe('waits');
  expect(told({ etcdDamage: { damage: waits, at: NOW - 2_000 } }).damage).toBeNull();
  expect(told({ etcdRoom: { ...WELL, own: 0.4 } }).used).toBe(0.4);
  expect(told({ etcdRoom: { ...WELL, own: 0.4, at: NOW - 60_000 } }).used).toBeNull();
});

function asked(state: Partial<State>): boolean {
  const turn: Turn = {
    state: { ...start(selfAt('a'), 0), etcdLeader: LEADS, ...state },
    effects: [],
    now: NOW,
    timings: TIMINGS,
  };
  makeRoomInEtcd(turn);
  return turn.effects.some(({ kind }) => kind === 'make-room-in-etcd');
}
