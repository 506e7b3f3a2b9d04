import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, name, roomId } from '../../http/fields.ts';
import { badJson, notFound } from '../../http/matrix-error.ts';
import type { LongOrders } from '../../orders/long-orders.ts';
import type { HistoryPurge } from '../../orders/purge-history.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { knownRoom, type RoomPorts } from './open-room.ts';

type Ports = RoomPorts & {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly longOrders: Pick<LongOrders, 'alone' | 'begin'>;
};

const purge = z.object({
  /** What people of this server said, of which nobody else has a copy. */
  delete_local_events: z.boolean().default(false),
  purge_up_to_event_id: eventId.optional(),
  purge_up_to_ts: z.int().nonnegative().optional(),
});

/** What was said before a moment or an event goes, behind the answer: see `adminGetPurgeStatus`. State stays. */
export const purgeRoomHistory = endpoint({
  operation: 'adminPurgeHistory',
  routes: [
    'POST /_synapse/admin/v1/purge_history/{roomId}',
    'POST /_synapse/admin/v1/purge_history/{roomId}/{eventId}',
  ],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'request',
  path: z.object({ roomId, eventId: eventId.optional() }),
  body: { json: purge, mayBeEmpty: true },
  async handle({ caller, path, body, once }, ports: Ports) {
    const asked = await askedFor(ports, path.roomId, { upTo: path.eventId, body });
    const { roomId: target } = path;
    const order = { kind: 'purge-history', action: 'adminPurgeHistory', asked } as const;
    const purge_id = await ports.longOrders.alone(order.kind, target, () =>
      ports.longOrders.begin({ ...order, target, by: caller.userId }, (purge_id) =>
        once.outcome(200, { purge_id }),
      ),
    );
    return { purge_id };
  },
});

export const getPurgeStatus = endpoint({
  operation: 'adminGetPurgeStatus',
  routes: ['GET /_synapse/admin/v1/purge_history_status/{purgeId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ purgeId: name }),
  async handle({ path }, { longOrders }: { longOrders: Pick<LongOrders, 'get'> }) {
    const order = await longOrders.get(path.purgeId);
    if (order?.kind !== 'purge-history') throw notFound('There is no such purge');
    return { status: order.status, ...order.told };
  },
});

async function askedFor(
  ports: Ports,
  roomId: RoomId,
  { upTo, body }: { upTo: EventId | undefined; body: z.infer<typeof purge> },
): Promise<HistoryPurge> {
  const room = await knownRoom(ports, roomId);
  const spared = body.delete_local_events ? null : `:${ports.accounts.serverName}`;
  const event = upTo ?? body.purge_up_to_event_id;
  if (event === undefined) {
    if (body.purge_up_to_ts === undefined)
      throw badJson('purge_up_to_event_id or purge_up_to_ts says how far');
    return { beforeMs: body.purge_up_to_ts, before: EVERYWHERE, spared };
  }
  const found = await room.event(event);
  if (!found) throw notFound('There is no such event in the room');
  const { depth, nid } = found;
  return { beforeMs: Number.MAX_SAFE_INTEGER, before: { depth, nid }, spared };
}

const EVERYWHERE = { depth: Number.MAX_SAFE_INTEGER, nid: Number.MAX_SAFE_INTEGER };
