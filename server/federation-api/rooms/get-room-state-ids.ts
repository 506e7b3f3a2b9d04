import { endpoint } from '../../http/endpoint.ts';
import { listsText, type SharedRoomPorts, stateAtEvent, stateBefore } from './shared-room.ts';

export const getRoomStateIds = endpoint({
  operation: 'getRoomStateIds',
  routes: ['GET /_matrix/federation/v1/state_ids/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  ...stateAtEvent,

  async handle(asked, ports: SharedRoomPorts) {
    const { stateIds, authChainIds } = await stateBefore(ports, asked);
    return listsText({ pdu_ids: quoted(stateIds()), auth_chain_ids: quoted(authChainIds()) });
  },
});

async function* quoted(pieces: AsyncIterable<readonly string[]>) {
  for await (const ids of pieces) yield ids.map((id) => JSON.stringify(id));
}
