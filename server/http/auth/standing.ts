import { type Caller, isPerson } from '../../protocol/caller.ts';
import type { Standing } from '../endpoint.ts';
import { userLocked, userSuspended } from '../matrix-error.ts';

/** `worst` is the worst standing with which one may call. */
export function refuseByStanding(caller: Caller, worst: Standing): void {
  if (!isPerson(caller) || caller.standing === undefined || worst === 'locked') return;
  if (caller.standing === 'locked') throw userLocked();
  if (worst === 'active') throw userSuspended();
}
