import { endpoint } from '../../http/endpoint.ts';
import { listsText, type SharedRoomPorts, stateAtEvent, stateBefore } from './shared-room.ts';

export const getRoomState = endpoint({
  operation: 'getRoomState',
  routes: ['GET /_matrix/federation/v1/state/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  ...stateAtEvent,

  async handle(asked, ports: SharedRoomPorts) {
    const { state, authChain } = await stateBefore(ports, asked);
    return listsText({ pdus: state(), auth_chain: authChain() });
  },
});
