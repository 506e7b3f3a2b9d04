import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { eventId, roomId, severalTimes, wholeNumber } from '../../http/fields.ts';
import { subscriberIn } from '../../protocol/caller.ts';
import { charge, type SharedRoomPorts, transactionOf } from './shared-room.ts';

const FROM_MAX = 100;
const LIMIT_MAX = 100;

export const backfillRoom = endpoint({
  operation: 'backfillRoom',
  routes: ['GET /_matrix/federation/v1/backfill/{roomId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({
    v: severalTimes.pipe(z.array(eventId).min(1).max(FROM_MAX)),
    limit: wholeNumber,
  }),

  async handle({ caller, path, query, signal }, ports: SharedRoomPorts) {
    await ports.largeReads.enter(subscriberIn(caller), signal);
    const room = await ports.rooms.openForServer(path.roomId, caller.origin);
    const limit = Math.min(query.limit, LIMIT_MAX);
    const pdus = limit === 0 ? [] : await room.backfill(query.v, limit);
    charge(ports, caller, pdus.length);
    return transactionOf(ports, pdus);
  },
});
