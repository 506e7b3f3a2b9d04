import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { refuseWrongAliases } from './canonical-alias.ts';
import { sentBy } from './sent-by.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'send' | 'open' | 'resolveAlias'>;
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
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventType: z.string(), stateKey: z.string().default('') }),
  body: { json: jsonObject },

  async handle({ caller, path, body, once }, { rooms }: Ports) {
    const { roomId, eventType: type, stateKey } = path;
    if (type === 'm.room.canonical_alias') await refuseWrongAliases(rooms, roomId, body);
    const draft = { sender: caller.userId, type, stateKey, content: body };
    return { event_id: await rooms.send(roomId, draft, sentBy(caller, once)) };
  },
});
