import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { answering } from '../../client-api/events/sent-by.ts';
import { roomIdOf } from '../../client-api/membership/enter-room.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomIdOrAlias, userId } from '../../http/fields.ts';
import { MatrixError } from '../../http/matrix-error.ts';
import { serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type LocalPorts, openAccount } from '../users/local-user.ts';
import { knownRoom } from './open-room.ts';
import { grantingTo } from './room-powers.ts';

type Ports = LocalPorts & {
  readonly rooms: Pick<Rooms, 'open' | 'send' | 'changeMembership' | 'resolveAlias'>;
  readonly audit: Pick<Audit, 'note'>;
};

/** In the name of a member of this server who may give power; who is not in the room is invited by them. */
export const makeRoomAdmin = endpoint({
  operation: 'adminMakeRoomAdmin',
  routes: ['POST /_synapse/admin/v1/rooms/{roomIdOrAlias}/make_room_admin'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomIdOrAlias }),
  body: { json: z.object({ user_id: userId.optional() }), mayBeEmpty: true },
  async handle({ caller, path, body, once }, ports: Ports) {
    const { rooms } = ports;
    const target = body.user_id ?? caller.userId;
    await openAccount(ports, target);
    const roomId = await roomIdOf(rooms, path.roomIdOrAlias);
    const room = await knownRoom(ports, roomId);
    const isLocal = (user: UserId) => serverNameOf(user) === ports.accounts.serverName;
    const granting = await grantingTo(room, target, isLocal);
    if (!granting)
      throw new MatrixError(400, 'M_UNKNOWN', 'Nobody here may give power in the room');
    const order = { by: caller.userId, action: 'adminMakeRoomAdmin', target };
    await ports.audit.note({ ...order, detail: { room_id: roomId } });
    const membership = room.membershipOf(target);
    if (membership !== 'join' && membership !== 'invite')
      await rooms.changeMembership(roomId, { sender: granting.by, target, action: 'invite' }, {});
    const draft = { type: 'm.room.power_levels', stateKey: '', content: granting.content };
    await rooms.send(roomId, { sender: granting.by, ...draft }, answering(once, {}));
    return {};
  },
});
