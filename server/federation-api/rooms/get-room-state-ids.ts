import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import { charge, listsText, type SharedRoomPorts } from './shared-room.ts';

export const getRoomStateIds = endpoint({
  operation: 'getRoomStateIds',
  routes: ['GET /_matrix/federation/v1/state_ids/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({ event_id: eventId }),

  async handle({ caller, path, query, signal }, ports: SharedRoomPorts) {
    await ports.largeReads.enter(`server ${caller.origin}`, signal);
    const room = await ports.rooms.openForServer(path.roomId, caller.origin);
    const { count, stateIds, authChainIds } = await room.stateBefore(query.event_id);
    charge(ports, caller, 2 * count);
    return listsText({ pdu_ids: quoted(stateIds()), auth_chain_ids: quoted(authChainIds()) });
  },
});

async function* quoted(pieces: AsyncIterable<readonly string[]>) {
  for await (const ids of pieces) yield ids.map((id) => JSON.stringify(id));
}
