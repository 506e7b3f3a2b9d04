import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, jsonObject, roomId } from '../../http/fields.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { INVITE_BYTES_MAX } from './event-body.ts';
import { type InvitedPorts, invited } from './invited.ts';

export const sendInviteV2 = endpoint({
  operation: 'sendInviteV2',
  routes: ['PUT /_matrix/federation/v2/invite/{roomId}/{eventId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, eventId }),
  body: {
    json: z.object({
      event: jsonObject,
      room_version: z.string(),
      invite_room_state: z.custom<JsonValue>().optional(),
    }),
    bytesMax: INVITE_BYTES_MAX,
  },

  async handle({ caller, path, body }, ports: InvitedPorts) {
    const { event: pdu, room_version: version, invite_room_state: told } = body;
    const event = await invited(ports, { server: caller.origin, ...path, version, pdu, told });
    return { event };
  },
});
