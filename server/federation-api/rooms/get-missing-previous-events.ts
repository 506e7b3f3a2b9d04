import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, listOf, roomId } from '../../http/fields.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import { charge, type SharedRoomPorts } from './shared-room.ts';

const EARLIEST_MAX = 1_000;
const LATEST_MAX = 100;
/** As other servers have it: who misses more than that asks for the state and backfills. */
const LIMIT_MAX = 20;

export const getMissingPreviousEvents = endpoint({
  operation: 'getMissingPreviousEvents',
  routes: ['POST /_matrix/federation/v1/get_missing_events/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  body: {
    json: z.object({
      earliest_events: listOf(eventId, EARLIEST_MAX),
      latest_events: listOf(eventId, LATEST_MAX),
      limit: z.int().nonnegative().default(10),
      min_depth: z.int().default(0),
    }),
  },

  async handle({ caller, path, body, signal }, ports: SharedRoomPorts) {
    await ports.largeReads.enter(subscriberIn(caller), signal);
    const room = await ports.rooms.openForServer(path.roomId, caller.origin);
    const pdus = await room.missing({
      ...{ latest: body.latest_events, earliest: body.earliest_events },
      ...{ depthMin: body.min_depth, limit: Math.min(body.limit, LIMIT_MAX) },
    });
    charge(ports, caller, LATEST_MAX);
    return jsonText(`{"events":[${pdus.join()}]}`);
  },
});
