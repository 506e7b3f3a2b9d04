import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { refuseWrongAliases } from './canonical-alias.ts';
import { type GuestPorts, letGuestsGo, letsGuestsIn } from './guest-access.ts';
import { sentBy } from './sent-by.ts';

interface Ports extends GuestPorts {
  readonly rooms: Pick<Rooms, 'send' | 'resolveAlias'> & GuestPorts['rooms'];
}

export const setRoomStateWithKey = endpoint({
  operation: 'setRoomStateWithKey',
  routes: [
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/',
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}',
  ],
  auth: 'guest',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventType: z.string(), stateKey: z.string().default('') }),
  body: { json: jsonObject },

  async handle({ caller, path, body, once }, { accounts, rooms }: Ports) {
    const { roomId, eventType: type, stateKey } = path;
    if (type === 'm.room.canonical_alias') await refuseWrongAliases(rooms, roomId, body);
    const draft = { sender: caller.userId, type, stateKey, content: body };
    const event_id = await rooms.send(roomId, draft, sentBy(caller, once));
    if (type === 'm.room.guest_access' && !letsGuestsIn(body))
      await letGuestsGo({ accounts, rooms }, roomId);
    return { event_id };
  },
});
