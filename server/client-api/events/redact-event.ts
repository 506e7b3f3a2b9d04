import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { sentBy } from './sent-by.ts';

/**
 * Strips an event of its content, for everybody in the room. Whose events one may redact is a matter
 * of the room's power levels, and where `redacts` stands is one of its version: both are the
 * engine's.
 */
export const redactEvent = endpoint({
  operation: 'redactEvent',
  routes: [
    'PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}',
    'PUT /_matrix/client/r0/rooms/{roomId}/redact/{eventId}/{txnId}',
  ],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ roomId, eventId, txnId: z.string() }),
  body: { json: z.object({ reason: z.string().optional() }), mayBeEmpty: true },

  async handle({ caller, path, body, once }, { rooms }: { rooms: Pick<Rooms, 'send'> }) {
    const draft = {
      sender: caller.userId,
      type: 'm.room.redaction',
      redacts: path.eventId,
      content: body.reason === undefined ? {} : { reason: body.reason },
    };
    const event_id = await rooms.send(path.roomId, draft, sentBy(caller, once, path.txnId));
    return { event_id };
  },
});
