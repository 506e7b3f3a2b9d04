import type { MakingRoom } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { EtcdMemberReport } from '../view.ts';

/**
 * F14: etcd keeps what is old for an hour, and gives no room back by itself (3.5). When the database of a member is full it
 * takes no write any more, so no pulse and no renewal either: soon nobody leads. The agent beside etcd's own leader, of whom
 * there is one at a time, has all members give back what is old, one after the other: each stands still for as long as that
 * takes. Not for the sake of order while one is silent: then another one that stands still is the majority.
 */
export function makeRoomInEtcd(turn: Turn): void {
  const { state, now } = turn;
  const { etcdRoom: room, etcdLeader } = state;
  if (room === null || now - room.at > KNOWN_FOR_MS || !etcdLeader.here) return;
  const isNeeded = room.noSpace || (room.most >= WARNED_FROM && room.allAnswer);
  if (!isNeeded) return;
  if (now - state.madeRoomAt < (room.noSpace ? AGAIN_WHEN_FULL_MS : AGAIN_MS)) return;
  if (ask(turn, 'make-room-in-etcd', { kind: 'make-room-in-etcd' }))
    update<MakingRoom>(turn, { madeRoomAt: now });
}

export const WARNED_FROM = 0.6;
/** Two looks. */
const KNOWN_FOR_MS = 25_000;
/** What is still in use fills it, and giving back what is old helps no more: that a person has to see to. */
const AGAIN_MS = 10 * 60_000;
const AGAIN_WHEN_FULL_MS = 10_000;

/** What this site says of its member. */
export function etcdMemberNow(
  { etcdRoom: room, etcdDamage: { damage, at } }: State,
  now: Millis,
): EtcdMemberReport {
  const used = room !== null && now - room.at <= KNOWN_FOR_MS ? room.own : null;
  const agoMs = (damage?.agoMs ?? 0) + now - at;
  const isTold = damage !== null && agoMs <= TOLD_FOR_MS[damage.kind];
  return { damage: isTold ? { ...damage, agoMs } : null, used };
}

/** One that waits says so every few seconds. */
const TOLD_FOR_MS: Readonly<Record<'waits' | 'replaced', Millis>> = {
  waits: 60_000,
  replaced: 24 * 3_600_000,
};
