import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { answering } from '../../client-api/events/sent-by.ts';
import { roomIdOf } from '../../client-api/membership/enter-room.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias, userId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type LocalPorts, openAccount } from '../users/local-user.ts';
import { knownRoom } from './open-room.ts';

type Ports = LocalPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'changeMembership' | 'resolveAlias'>;
  readonly audit: Pick<Audit, 'note'>;
};

/** Into a room that not everybody may join, the administrator invites first, if they may. */
export const joinForUser = endpoint({
  operation: 'adminJoinForUser',
  routes: ['POST /_synapse/admin/v1/join/{roomIdOrAlias}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomIdOrAlias }),
  body: { json: z.object({ user_id: userId }) },
  async handle({ caller, path, body, once }, ports: Ports) {
    const target = body.user_id;
    await openAccount(ports, target);
    const room_id = await roomIdOf(ports.rooms, path.roomIdOrAlias);
    const room = await knownRoom(ports, room_id);
    const order = { by: caller.userId, action: 'adminJoinForUser', target };
    await ports.audit.note({ ...order, detail: { room_id } });
    const membership = room.membershipOf(target);
    if (membership === 'join') return { room_id };
    const rules = await room.stateEvent('m.room.join_rules', '');
    const { rooms } = ports;
    if (rules?.content.join_rule !== 'public' && membership !== 'invite')
      await rooms.changeMembership(
        room_id,
        { sender: caller.userId, target, action: 'invite' },
        {},
      );
    const join = { sender: target, target, action: 'join' as const };
    await rooms.changeMembership(room_id, join, answering(once, { room_id }));
    return { room_id };
  },
});
