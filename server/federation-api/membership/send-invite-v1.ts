import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, jsonObject, roomId } from '../../http/fields.ts';
import { isObject } from '../../protocol/json.ts';
import { INVITE_BYTES_MAX } from './event-body.ts';
import { type InvitedPorts, invited } from './invited.ts';

/** Of before rooms had versions: "servers MUST assume version 1 or 2", which are alike as far as an invite goes. */
export const sendInviteV1 = endpoint({
  operation: 'sendInviteV1',
  routes: ['PUT /_matrix/federation/v1/invite/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  body: { json: jsonObject, bytesMax: INVITE_BYTES_MAX },

  async handle({ caller, path, body: pdu }, ports: InvitedPorts) {
    const told = isObject(pdu.unsigned) ? pdu.unsigned.invite_room_state : undefined;
    const invitation = { server: caller.origin, ...path, version: '1', pdu, told };
    return jsonText(JSON.stringify([200, { event: await invited(ports, invitation) }]));
  },
});
