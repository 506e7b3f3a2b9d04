import { endpoint } from '../../http/endpoint.ts';
import { type TurnServer, turnCredentials } from './turn-server.ts';

export interface TurnPorts {
  readonly turn: TurnServer | undefined;
  readonly now: () => number;
}

/** Empty for "none": clients then call without a TURN server. */
export const getTurnServer = endpoint({
  operation: 'getTurnServer',
  routes: ['GET /_matrix/client/v3/voip/turnServer'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async ({ caller }, { turn, now }: TurnPorts) =>
    turn ? turnCredentials(turn, caller.userId, now()) : {},
});
