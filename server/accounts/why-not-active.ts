import { MatrixError, userLocked, userSuspended } from '../protocol/matrix-error.ts';
import type { Account } from '../storage/accounts/accounts.ts';

/** Why its user may do nothing that others see; undefined for almost all. */
export function whyNotActive(account: Account | undefined): MatrixError | undefined {
  if (!account || account.deactivatedMs !== null)
    return new MatrixError(403, 'M_USER_DEACTIVATED', 'This account has been deactivated');
  if (account.lockedMs !== null) return userLocked();
  return account.suspendedMs === null ? undefined : userSuspended();
}
