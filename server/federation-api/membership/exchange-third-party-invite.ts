import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import {
  type ClaimingPorts,
  inviteClaimed,
  thirdPartySigned,
} from '../../client-api/membership/claim-invite.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import { forbidden, invalidParam, notFound } from '../../http/matrix-error.ts';
import { serverNameOf } from '../../protocol/identifiers.ts';
import type { RoomReceiver } from '../../rooms/receive/room-receiver.ts';
import { refuseOthers } from '../refuse-others.ts';
import { eventBody } from './event-body.ts';

interface Ports extends Pick<ClaimingPorts, 'identityServers' | 'rooms'> {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly roomReceiver: Pick<RoomReceiver, 'whyNotFrom'>;
}

/** What the room says of the name that stands for the address is taken from there. */
const partialInvite = z.object({
  type: z.literal('m.room.member'),
  ...{ room_id: roomId, sender: userId, state_key: userId },
  content: z.object({
    membership: z.literal('invite'),
    third_party_invite: z.object({ signed: thirdPartySigned.omit({ sender: true }) }),
  }),
});

export const exchangeThirdPartyInvite = endpoint({
  operation: 'exchangeThirdPartyInvite',
  routes: ['PUT /_matrix/federation/v1/exchange_third_party_invite/{roomId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId }),
  body: { ...eventBody, json: partialInvite },

  async handle({ caller: { origin }, path, body }, ports: Ports) {
    const { room_id, sender, state_key: target, content } = body;
    if (room_id !== path.roomId) throw invalidParam('The event is of another room');
    if (serverNameOf(target) !== origin) throw forbidden('Not of a user of your server');
    refuseOthers(sender, ports.accounts);
    const why = await ports.roomReceiver.whyNotFrom(room_id, origin);
    if (why !== undefined) throw forbidden(why);
    const room = await ports.rooms.open(room_id);
    if (!room) throw notFound('This server does not know the room');
    const { signed } = content.third_party_invite;
    await inviteClaimed(ports, room, { target, sender, signed });
    return {};
  },
});
