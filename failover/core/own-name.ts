import type { Naming } from './effects.ts';
import { knowsEtcd } from './sites.ts';
import type { Self, State } from './state.ts';
import type { Millis, Timings } from './timings.ts';
import type { Machine, View } from './view.ts';

/**
 * F30: leases name a site, and two machines may be set up with one site's name (a cloned VM). Which of
 * them it is stands in a key of its own, with its start, and every pulse and claim compares it (D8):
 *
 *     ours      this machine, this start: an agent that was killed goes on at once
 *     free      nobody's, or this machine's before it started anew, or another's that has been silent for
 *               the longest lease, and for as long as it may go on without etcd (F20)
 *     taken     another machine lives: this one holds nothing, and gives no sign of life in its name
 */
export type Name = 'unknown' | 'ours' | 'free' | 'taken';

export function ownName(state: State, now: Millis, timings: Timings): Name {
  const { self, view, pulses, named } = state;
  if (view === null) return 'unknown';
  const key = view.machines[self.site];
  if (key === undefined) return 'free';
  if (isSame(key, self)) return 'ours';
  // Whoever had the name and lost it does not take it back from one that lives.
  if (key.machine === self.machine && !named) return 'free';
  const seenAt = pulses[self.site]?.seenAt ?? now;
  const silent = knowsEtcd(state, now, timings) && now - seenAt >= mayActForMs(self, timings);
  return silent ? 'free' : 'taken';
}

/** Since its last pulse that somebody saw. */
const mayActForMs = ({ failsafe }: Self, timings: Timings): Millis =>
  timings.leaderLeaseMs + (failsafe ? timings.goOnMaxMs + timings.goOnMarginMs : 0);

/** Whether others hear what this agent says of its site. */
export function canTell(state: State, now: Millis, timings: Timings): boolean {
  return knowsEtcd(state, now, timings) && ownName(state, now, timings) !== 'taken';
}

/** What the next pulse does about it. */
export function naming(state: State, now: Millis, timings: Timings): Naming {
  const { self, view } = state;
  const key = view?.machines[self.site];
  const losses = lossesNow(state, now, timings);
  const revision = key?.revision ?? 0;
  if (key && isSame(key, self) && key.losses === losses) return { revision, put: null, over: null };
  const put = { machine: self.machine, boot: self.boot, losses };
  const over = key && !isSame(key, self) ? (view?.sites[self.site]?.revision ?? 0) : null;
  return { revision, put, over };
}

/** Forgotten once this start has lasted as long as the longest hold-down. */
function lossesNow({ losses }: State, now: Millis, timings: Timings): number {
  return now - losses.lastAt >= timings.holdDownMaxMs ? 0 : losses.count;
}

/** Whether leases that name our site are this machine's. */
export function hasOwnName(view: View, self: Self): boolean {
  const key = view.machines[self.site];
  return key === undefined || isSame(key, self);
}

/** Why this machine may do nothing, for the operator; null where nothing is wrong. */
export function reasonRefused(state: State, now: Millis, timings: Timings): string | null {
  if (ownName(state, now, timings) !== 'taken') return null;
  const { site, machine, boot } = state.self;
  const key = state.view?.machines[site];
  const [theirs, ours] = [`${key?.machine}, start ${key?.boot}`, `${machine}, start ${boot}`];
  return (
    `another machine has the name ${site} (${theirs}; this one is ${ours}): ` +
    'end the one that should not be, or give it another name' +
    (state.self.failsafe ? `; if it is silent, that may go on without etcd: ${WAIT}` : '')
  );
}

const WAIT = 'wait for 11 minutes';

const isSame = (key: Machine, self: Machine): boolean =>
  key.machine === self.machine && key.boot === self.boot;
