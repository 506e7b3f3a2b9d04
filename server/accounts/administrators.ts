import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { type Account, hasAdministratorBut } from '../storage/accounts/accounts.ts';

type Ground = Pick<Stored, 'database' | 'locks'>;

/** Who may act as one. */
const isAdministrator = ({ admin, deactivatedMs, lockedMs }: Account): boolean =>
  admin && deactivatedMs === null && lockedMs === null;

/**
 * Commits what an account becomes, unless it is the last administrator and would be none: nobody could make another one by
 * the API. One is seen to after the other, until it is committed: two who demote each other at once were both the last but one.
 */
export function unlessTheLast(
  ground: Ground,
  { before, after }: { readonly before: Account; readonly after: Account },
  commit: () => Promise<unknown>,
): Promise<unknown> {
  if (!isAdministrator(before) || isAdministrator(after)) return commit();
  return ground.locks.run('administrators', async () => {
    await refuseWithout(ground, before.userId);
    return commit();
  });
}

async function refuseWithout({ database }: Ground, userId: UserId): Promise<void> {
  if (!(await hasAdministratorBut(database, userId)))
    throw forbidden('The last administrator stays one: make another one before');
}
