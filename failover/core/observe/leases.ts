import type { Input, Lease } from '../inputs.ts';
import { hasOwnName } from '../own-name.ts';
import type { Held, LeasesHeld } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { LeaseKey, Site, View } from '../view.ts';

/** What etcd says is ours. */
export function reconcile(state: State, view: View, now: Millis, timings: Timings): LeasesHeld {
  const mine = (held: Held | null, key: LeaseKey): Held | null =>
    hasOwnName(view, state.self) ? heldNow(held, key, state.self.site) : null;
  return {
    leader: mine(state.leader, view.leader),
    address: mine(state.address, view.address),
    vacantSince: vacantSince(state, view, now, timings),
  };
}

/**
 * The site is the holder, not the process: one that restarts finds its terms in etcd, and its first
 * pulse that etcd accepts makes them good again. Until then they are worth nothing.
 */
function heldNow(held: Held | null, key: LeaseKey, self: Site): Held | null {
  if (key.site !== self) return null;
  if (held?.revision === key.revision) return held;
  return { revision: key.revision, until: Number.NEGATIVE_INFINITY };
}

/**
 * What its holder gave back is free at once. Where there is no key, or nobody can read it, whoever held it may not know
 * yet, and goes on for a term; unless that is this site.
 */
function vacantSince(
  state: State,
  view: View,
  now: Millis,
  timings: Timings,
): State['vacantSince'] {
  const since = (lease: Lease, leaseMs: Millis): Millis | null => {
    const key = view[lease];
    if (key.site !== null) return null;
    const before = state.vacantSince[lease];
    if (before !== null && state.view?.[lease].revision === key.revision) return before;
    const isKnown = key.revision > 0 && !key.unreadable;
    return isKnown || now < (state[lease]?.until ?? now) ? now : now + leaseMs;
  };
  return {
    leader: since('leader', timings.leaderLeaseMs),
    address: since('address', timings.addressLeaseMs),
  };
}

export function renew(
  state: State,
  { holds, sentAt }: Extract<Input, { kind: 'pulsed' }>,
  timings: Timings,
): Partial<LeasesHeld> {
  return {
    leader: prolong(state.leader, holds.leader, sentAt + termMs('leader', timings)),
    address: prolong(state.address, holds.address, sentAt + termMs('address', timings)),
  };
}

export function win(
  state: State,
  { lease, won, sentAt, view }: Extract<Input, { kind: 'claimed' }>,
  timings: Timings,
): Partial<LeasesHeld> {
  if (!won) return {};
  const held = prolong(state[lease], view[lease].revision, sentAt + termMs(lease, timings));
  return lease === 'leader' ? { leader: held } : { address: held };
}

function prolong(held: Held | null, revision: number | undefined, until: Millis): Held | null {
  if (held === null || held.revision !== revision || held.until >= until) return held;
  return { revision: held.revision, until };
}

/** What of a lease its holder may use: counted from the sending, and less the margin (D8). */
function termMs(lease: Lease, timings: Timings): Millis {
  return lease === 'leader'
    ? timings.leaderLeaseMs - timings.leaderMarginMs
    : timings.addressLeaseMs - timings.addressMarginMs;
}
