import type { Deactivation } from '../../accounts/deactivation.ts';
import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import type { Once } from '../../log/outcomes.ts';
import type { Removal } from '../../media/removal.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';

export interface ClosingPorts {
  readonly deactivation: Pick<Deactivation, 'deactivate' | 'noMoreAdministrator'>;
  readonly keyBackups: Pick<KeyBackups, 'deleteAll'>;
  readonly rooms: Pick<Rooms, 'roomsOf' | 'changeMembership'>;
  readonly mediaRemoval: Pick<Removal, 'erase'>;
}

/** No identity server was told of the account's addresses, which go with it. */
const BODY = { id_server_unbind_result: 'success' };

/**
 * What is much goes first: a repeat goes on where a failover cut it, and the account's end is the last
 * act. Who is refused as the last administrator has lost nothing. Resolves with the body of the answer.
 */
export async function closeAccount(
  { deactivation, keyBackups, rooms, mediaRemoval }: ClosingPorts,
  account: { readonly userId: UserId; readonly erase: boolean },
  once: Once,
): Promise<JsonObject> {
  await deactivation.noMoreAdministrator(account.userId);
  await leaveAll(account.userId, rooms);
  await keyBackups.deleteAll(account.userId);
  const close = () => deactivation.deactivate(account, once, BODY);
  await (account.erase ? mediaRemoval.erase(account.userId, close) : close());
  return BODY;
}

async function leaveAll(userId: UserId, rooms: ClosingPorts['rooms']) {
  const memberships = await rooms.roomsOf(userId);
  const isIn = (membership: string) => membership !== 'leave' && membership !== 'ban';
  for (const { roomId, membership } of [...memberships.values()])
    if (isIn(membership))
      await rooms.changeMembership(roomId, { ...leaving(userId), isOfServer: true }, {});
}

const leaving = (userId: UserId) => ({ sender: userId, target: userId, action: 'leave' }) as const;
