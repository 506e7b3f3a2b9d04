import type { GoingOn } from '../peers.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { isOpen, leaveOf, reasonNotToGoOn } from './go-on.ts';
import { databaseMembers } from './members.ts';

/** How the leader here fares without etcd; null where it hears etcd, does not lead, or failsafe is off. */
export function goingOn(state: State, now: Millis, timings: Timings): GoingOn | null {
  if (!state.self.failsafe || state.leader === null) return null;
  if (now - state.readAt < timings.goOnAfterMs) return null;
  return { inForce: isOpen(state, now), lacks: lacksNow(state, now, timings) };
}

function lacksNow(state: State, now: Millis, timings: Timings): GoingOn['lacks'] {
  const own = reasonNotToGoOn(state);
  if (own !== null) return [{ site: state.self.site, why: own }];
  return databaseMembers(state).flatMap((site) => {
    const leave = leaveOf(state, site);
    const isGiven = leave !== null && now < leave.givenAt + timings.confirmationMs;
    return isGiven ? [] : [{ site, why: leave === null ? NOT_ASKED : (leave.why ?? LATE) }];
  });
}

const NOT_ASKED = 'it has not answered yet';
const LATE = 'its last answer is too old';
