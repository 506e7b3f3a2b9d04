import type { Caller } from '../../protocol/caller.ts';
import type { Standing } from '../endpoint.ts';
import { MatrixError, userLocked } from '../matrix-error.ts';

/** `worst` is the worst standing with which one may call. */
export function refuseByStanding(caller: Caller, worst: Standing): void {
  if (caller.standing === undefined || worst === 'locked') return;
  if (caller.standing === 'locked') throw userLocked();
  if (worst === 'active')
    throw new MatrixError(403, 'M_USER_SUSPENDED', 'This account is suspended');
}
