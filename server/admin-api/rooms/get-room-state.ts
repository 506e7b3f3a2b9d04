import { z } from 'zod';
import type { LargeReads } from '../../client-api/events/large-reads.ts';
import { renderedEvents } from '../../client-api/events/rendered.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';

export const getRoomsState = endpoint({
  operation: 'adminGetRoomState',
  routes: ['GET /_synapse/admin/v1/rooms/{roomId}/state'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  async handle(
    { caller, path, signal },
    ports: RoomPorts & { readonly largeReads: Pick<LargeReads, 'enter'> },
  ) {
    await ports.largeReads.enter(caller.userId, signal);
    const events = await (await knownRoom(ports, path.roomId)).state();
    return jsonText(`{"state":${renderedEvents(events, caller)}}`);
  },
});
