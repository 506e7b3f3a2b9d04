import type { EtcdRoom, Input } from '../inputs.ts';
import type { EtcdSeen } from '../state/seen.ts';
import { type Self, type State, start } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { EtcdDamage, View } from '../view.ts';

/**
 * Beside one that was made anew by force (F6) the members of the old one may live on: who listened to both would
 * renew in one what somebody else took in the other. So an agent listens to the one it knows, until that has been
 * silent for so long that nothing holds any more of what it said.
 */
export function otherEtcd(
  { view, readAt }: State,
  input: Input,
  now: Millis,
): { readonly why: string; readonly inMs: Millis } | null {
  if (!('view' in input) || view === null) return null;
  const inMs = Math.max(0, readAt + FORGOTTEN_AFTER_MS - now);
  if (isSameEtcd(view, input.view)) {
    const isPutBack = input.view.revision < view.revision && inMs === 0;
    return isPutBack ? { why: earlier(view, input.view), inMs } : null;
  }
  const which = `cluster ${named(input.view)} and not ${named(view)}`;
  const then = `it is taken in ${Math.ceil(inMs / 1_000)} s if the one before stays silent`;
  return { inMs, why: `another etcd answers, ${which}: ${then}; end the one that should not be` };
}

/** One that goes on with a single member keeps the id that it had. */
const isSameEtcd = (one: View, other: View): boolean =>
  one.clusterId === other.clusterId && one.incarnation?.id === other.incarnation?.id;

const named = ({ clusterId, incarnation }: View): string =>
  incarnation === undefined ? clusterId : `${clusterId} as ${incarnation.site} goes on with it`;

/** An answer that was overtaken; or all of them are, where a copy of etcd's data was put back under its old name. */
export const overtaken = ({ view }: State, answer: View): Partial<EtcdSeen> =>
  view === null ? {} : failToRead(earlier(view, answer));

const earlier = (known: View, { revision }: View): string =>
  `etcd answers with what was before, revision ${revision} after ${known.revision}: if it was put back, ` +
  'that is taken once it has been so for a minute';

/** Longer than every lease, deadline and lifetime. */
const FORGOTTEN_AFTER_MS = 60_000;

/** As the next process of this site would begin; what it sees beside etcd is as it was. */
export function asNew(state: State, now: Millis): State {
  const { interface: found, heldUntil, addressTrouble, pending, nextPulseAt } = state;
  const { postgres, postgresTrouble, ledTimeline, copyDamage, server, told, front } = state;
  const { power, certificatesEnd, etcdLeader, etcdDamage, moves, reinitializedAt } = state;
  const { promoting, wallAheadMs, peers, stranger, leaveGiven, heedsLeave } = state;
  const { askedBy, coverGivenAt, promising } = state;
  return {
    ...start(state.self, now),
    ...{ interface: found, heldUntil, addressTrouble, pending, nextPulseAt },
    ...{ postgres, postgresTrouble, ledTimeline, copyDamage, server, told, front },
    ...{ power, certificatesEnd, etcdLeader, etcdDamage, moves, reinitializedAt },
    ...{ promoting, wallAheadMs, peers, stranger, leaveGiven, heedsLeave },
    ...{ askedBy, coverGivenAt, promising },
  };
}

/** What is switched off is not heeded, also where an agent that had it on left it in etcd. */
export function heeded(self: Self, view: View): View {
  if (self.alone || view.alone === undefined) return view;
  const { alone: _, ...heeded } = view;
  return heeded;
}

export const seeEtcd = (state: State, view: View, now: Millis): Partial<EtcdSeen> => ({
  view,
  readAt: now,
  etcdTrouble: null,
  wish: seeWish(state.wish, view, now),
  ...since(state, view, now),
});

/** For how long things have been as they are. */
function since(state: State, view: View, now: Millis): Partial<EtcdSeen> {
  return {
    calmSince: state.view !== null && isSamePlace(state.view, view) ? state.calmSince : now,
    leaderlessSince: view.patroni.leader === null ? (state.leaderlessSince ?? now) : null,
    unprotectedSince: isUnprotected(view) ? (state.unprotectedSince ?? now) : null,
  };
}

function isSamePlace(before: View, after: View): boolean {
  return (
    before.leader.site === after.leader.site &&
    before.address.site === after.address.site &&
    before.patroni.leader?.site === after.patroni.leader?.site
  );
}

/** D3.2: with no synchronous standby the loss of the primary loses writes. */
function isUnprotected({ patroni: { leader, sync } }: View): boolean {
  return leader !== null && (sync === null || sync.standbys.length === 0);
}

function seeWish(before: State['wish'], { patroni: { failover } }: View, now: Millis) {
  if (failover === null) return null;
  return before?.revision === failover.revision
    ? before
    : { revision: failover.revision, since: now };
}

/** Which of etcd's own members leads. */
export function seeEtcdLeader(
  { etcdLeader }: State,
  { here, others }: Extract<Input, { kind: 'etcd-leader' }>,
  now: Millis,
): Partial<EtcdSeen> {
  const since = here === etcdLeader.here ? etcdLeader.since : now;
  return { etcdLeader: { ...etcdLeader, here, others, since } };
}

export const seeEtcdMembers = (
  { members, own }: Extract<Input, { kind: 'etcd-members' }>,
  now: Millis,
): Partial<EtcdSeen> => ({ etcdMembers: { members, own, at: now } });

export const seeEtcdRoom = (room: EtcdRoom, now: Millis): Partial<EtcdSeen> => ({
  etcdRoom: { ...room, at: now },
});

export const seeEtcdDamage = (damage: EtcdDamage | null, now: Millis): Partial<EtcdSeen> => ({
  etcdDamage: { damage, at: now },
});

export const failToRead = (reason: string): Partial<EtcdSeen> => ({ etcdTrouble: reason });
