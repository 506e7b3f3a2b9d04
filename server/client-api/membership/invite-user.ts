import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, serverName, userId } from '../../http/fields.ts';
import { answering } from '../events/sent-by.ts';
import { type InvitingPorts, inviteBy3pid } from './invite-by-3pid.ts';

const text = z.string().min(1).max(1_000);

const byAddress = z.object({
  ...{ id_server: serverName, id_access_token: text.regex(/^[\x21-\x7e]+$/) },
  ...{ medium: z.enum(['email', 'msisdn']), address: text },
});

const body = z.union([byAddress, z.object({ user_id: userId, reason: z.string().optional() })]);

/** Somebody by their id, or (`inviteBy3PID`) by an address of theirs. */
export const inviteUser = endpoint({
  operation: 'inviteUser',
  routes: [
    'POST /_matrix/client/v3/rooms/{roomId}/invite',
    'POST /_matrix/client/r0/rooms/{roomId}/invite',
  ],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId }),
  body: { json: body },

  async handle({ caller, path: { roomId }, body, once }, ports: InvitingPorts) {
    const { userId: sender } = caller;
    if ('user_id' in body) {
      const change = {
        sender,
        target: body.user_id,
        action: 'invite',
        reason: body.reason,
      } as const;
      await ports.rooms.changeMembership(roomId, change, answering(once, {}));
    } else {
      const { id_server: idServer, id_access_token: idAccessToken, medium, address } = body;
      const who = { idServer, idAccessToken, medium, address: folded(medium, address) };
      await inviteBy3pid(ports, { roomId, sender, who, once });
    }
    return {};
  },
});

/** As identity servers compare e-mail addresses. */
const folded = (medium: string, address: string): string =>
  medium === 'email' ? address.toLowerCase() : address;
