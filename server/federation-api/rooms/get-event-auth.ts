import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import { charge, listsText, type SharedRoomPorts } from './shared-room.ts';

export const getEventAuth = endpoint({
  operation: 'getEventAuth',
  routes: ['GET /_matrix/federation/v1/event_auth/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),

  async handle({ caller, path, signal }, ports: SharedRoomPorts) {
    await ports.largeReads.enter(subscriberIn(caller), signal);
    const room = await ports.rooms.openForServer(path.roomId, caller.origin);
    const chain = await room.authChainOf(path.eventId);
    return listsText({ auth_chain: counted(chain, (count) => charge(ports, caller, count)) });
  },
});

async function* counted(
  pieces: AsyncIterable<readonly string[]>,
  tell: (count: number) => void,
): AsyncGenerator<readonly string[]> {
  for await (const piece of pieces) {
    tell(piece.length);
    yield piece;
  }
}
