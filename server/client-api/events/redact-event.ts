import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, listOf, name, roomId } from '../../http/fields.ts';
import type { LongOrders } from '../../orders/long-orders.ts';
import type { RelatedRedaction } from '../../orders/redact-related.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { sentBy } from './sent-by.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'send'>;
  readonly relatedRedactions: Pick<LongOrders, 'prepared'>;
}

const REL_TYPES_MAX = 50;
const relTypes = listOf(name, REL_TYPES_MAX).optional();

/**
 * Strips an event of its content, for everybody in the room. Whose events one may redact is a matter
 * of the room's power levels, and where `redacts` stands is one of its version: both are the
 * engine's. With kinds of relations, what relates to it goes as well, behind the answer (MSC3912).
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
  body: {
    json: z.object({
      reason: z.string().optional(),
      with_rel_types: relTypes,
      'org.matrix.msc3912.with_relations': relTypes,
    }),
    mayBeEmpty: true,
  },

  async handle({ caller, path, body, once }, { rooms, relatedRedactions }: Ports) {
    const draft = {
      sender: caller.userId,
      type: 'm.room.redaction',
      redacts: path.eventId,
      content: body.reason === undefined ? {} : { reason: body.reason },
    };
    const { with_rel_types = body['org.matrix.msc3912.with_relations'] ?? [] } = body;
    const { roomId, eventId: target } = path;
    const asked = { roomId, relTypes: with_rel_types, reason: body.reason ?? null };
    const order = relatedRedactions.prepared({
      ...{ kind: 'redact-related', target, by: caller.userId },
      asked: asked satisfies RelatedRedaction,
    });
    const isAsked = with_rel_types.length > 0;
    const event_id = await rooms.send(roomId, draft, {
      ...sentBy(caller, once, path.txnId),
      ...(isAsked && { rows: () => [order.row] }),
    });
    if (isAsked) order.begin();
    return { event_id };
  },
});
