import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { AppServices } from '../../app-services/app-services.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, userId } from '../../http/fields.ts';
import { parseRoomAlias } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';

/** Looked up in the database before the event is judged, which has no text with U+0000. */
const stateName = z.string().refine((text) => !text.includes('\0'), 'must be without U+0000');

const body = z.object({
  visibility: z.enum(['public', 'private']).optional(),
  room_alias_name: z.string().min(1).optional(),
  name: z.string().optional(),
  topic: z.string().optional(),
  invite: z
    .array(userId)
    .transform((users) => [...new Set(users)])
    .optional(),
  invite_3pid: z.array(z.unknown()).max(0, 'This server invites nobody by email').optional(),
  room_version: z.string().optional(),
  creation_content: jsonObject.optional(),
  initial_state: z
    .array(z.object({ type: stateName, state_key: stateName.default(''), content: jsonObject }))
    .optional(),
  preset: z.enum(['private_chat', 'public_chat', 'trusted_private_chat']).optional(),
  is_direct: z.boolean().optional(),
  power_level_content_override: jsonObject.optional(),
});

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly appServices: Pick<AppServices, 'refuseAlias'>;
  readonly rooms: Pick<Rooms, 'create'>;
}

export const createRoom = endpoint({
  operation: 'createRoom',
  routes: ['POST /_matrix/client/v3/createRoom', 'POST /_matrix/client/r0/createRoom'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: body, mayBeEmpty: true },

  async handle({ caller, body, once }, { accounts, appServices, rooms }: Ports) {
    const alias = parseRoomAlias(`#${body.room_alias_name}:${accounts.serverName}`);
    if (body.room_alias_name !== undefined && alias.ok)
      appServices.refuseAlias(alias.value, caller.service);
    const room_id = await rooms.create(caller.userId, body, {
      outcome: (roomId) => once.outcome(200, { room_id: roomId }),
    });
    return { room_id };
  },
});
