import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { KeyBackups } from '../../encryption/key-backup/key-backups.ts';
import { endpoint } from '../../http/endpoint.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'deactivate'>;
  readonly keyBackups: Pick<KeyBackups, 'deleteAll'>;
  readonly rooms: Pick<Rooms, 'roomsOf' | 'changeMembership'>;
}

/** There are no third-party identifiers here, so none stays bound. */
const BODY = { id_server_unbind_result: 'success' };

export const deactivateAccount = endpoint({
  operation: 'deactivateAccount',
  routes: ['POST /_matrix/client/v3/account/deactivate'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ erase: z.boolean().default(false) }), mayBeEmpty: true },
  uia: async () => [['m.login.password']],

  /** What is much goes first: a repeat goes on where a failover cut it, and the account's end is the last act. */
  async handle({ caller, body, once }, { accounts, keyBackups, rooms }: Ports) {
    await leaveAll(caller.userId, rooms);
    await keyBackups.deleteAll(caller.userId);
    await accounts.deactivate({ userId: caller.userId, erase: body.erase }, once, BODY);
    return BODY;
  },
});

async function leaveAll(userId: UserId, rooms: Ports['rooms']) {
  const memberships = await rooms.roomsOf(userId);
  const isIn = (membership: string) => membership !== 'leave' && membership !== 'ban';
  for (const { roomId, membership } of [...memberships.values()])
    if (isIn(membership))
      await rooms.changeMembership(roomId, { sender: userId, target: userId, action: 'leave' }, {});
}
