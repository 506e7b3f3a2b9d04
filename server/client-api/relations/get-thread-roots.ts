import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, wholeNumber } from '../../http/fields.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { decodePaginationToken, encodePlace } from '../../rooms/pagination-token.ts';
import { readingOf } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { answerOf, renderedSeen } from '../events/rendered.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf'>;
  readonly largeReads: LargeReads;
}

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** The threads of a room, that with the newest event first. */
export const getThreadRoots = endpoint({
  operation: 'getThreadRoots',
  routes: [
    'GET /_matrix/client/v1/rooms/{roomId}/threads',
    'GET /_matrix/client/unstable/org.matrix.msc3856/rooms/{roomId}/threads',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query: z.object({
    include: z.enum(['all', 'participated']).default('all'),
    limit: wholeNumber
      .refine((limit) => limit > 0, 'must be greater than zero')
      .optional()
      .transform((limit = LIMIT_DEFAULT) => Math.min(limit, LIMIT_MAX)),
    from: z.string().optional(),
  }),

  async handle({ caller, path, query, signal }, { rooms, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { room } = await readingOf(rooms, path.roomId, caller.userId);
    const { roots, end } = await room.threads({
      reader: caller.userId,
      from: query.from === undefined ? undefined : placeIn(query.from),
      participated: query.include === 'participated',
      limit: query.limit,
    });
    return answerOf({
      chunk: renderedSeen(roots, caller),
      next_batch: end && JSON.stringify(encodePlace(end)),
    });
  },
});

function placeIn(text: string) {
  const token = decodePaginationToken(text);
  if (token?.kind !== 'topological') throw invalidParam('from is not a token of this endpoint');
  return token.place;
}
