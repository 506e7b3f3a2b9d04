import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { forbidden, invalidParam } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { HIERARCHY_ROOMS_MAX, hierarchyOf } from '../../rooms/spaces/hierarchy.ts';
import type { SpacesElsewhere } from '../../rooms/spaces/look-elsewhere.ts';
import type { HierarchyRoom } from '../../rooms/spaces/space-child.ts';
import { summaryChunk } from '../../rooms/summary/room-summary.ts';
import type { LargeReads } from '../events/large-reads.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'summaries'>;
  readonly elsewhere: SpacesElsewhere | undefined;
  readonly largeReads: LargeReads;
}

const LIMIT_MAX = 50;
const DEPTH_MAX = 10;

const query = z.object({
  suggested_only: trueOrFalse.default(false),
  limit: wholeNumber
    .refine((limit) => limit > 0, 'must be greater than zero')
    .optional()
    .transform((limit = LIMIT_MAX) => Math.min(limit, LIMIT_MAX)),
  max_depth: wholeNumber.optional().transform((depth = DEPTH_MAX) => Math.min(depth, DEPTH_MAX)),
  from: z.string().optional(),
});
type Query = z.output<typeof query>;

export const getSpaceHierarchy = endpoint({
  operation: 'getSpaceHierarchy',
  routes: [
    'GET /_matrix/client/v1/rooms/{roomId}/hierarchy',
    'GET /_matrix/client/unstable/org.matrix.msc2946/rooms/{roomId}/hierarchy',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),
  query,

  async handle({ caller, path, query, signal }, { rooms, elsewhere, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const skip = skipIn(query);
    const page = await hierarchyOf(
      { rooms, elsewhere },
      {
        ...{ root: path.roomId, reader: caller.userId },
        ...{ suggestedOnly: query.suggested_only, depthMax: query.max_depth },
        ...{ limit: query.limit, skip },
      },
    );
    if (!page) throw forbidden('You may not see this room');
    return {
      rooms: page.rooms.map(hierarchyChunk),
      ...(!page.isLast && { next_batch: tokenOf(query, skip + page.rooms.length) }),
    };
  },
});

/** With its children, where it is a space. */
export const hierarchyChunk = ({ summary, children }: HierarchyRoom) => ({
  ...summaryChunk(summary),
  children_state: children.map(({ type, stateKey, content, sender, originServerTs }) => ({
    type,
    state_key: stateKey,
    content,
    sender,
    origin_server_ts: originServerTs,
  })),
});

/** How many rooms of the tree were given out, and of what tree. */
const tokenOf = ({ suggested_only, max_depth }: Query, skip: number): string =>
  `h${skip}.${max_depth}.${suggested_only ? 'suggested' : 'all'}`;

function skipIn(query: Query): number {
  if (query.from === undefined) return 0;
  const skip = Number(/^h(\d{1,4})\./.exec(query.from)?.[1]);
  if (!(skip > 0 && skip < HIERARCHY_ROOMS_MAX))
    throw invalidParam('from is not a token of this endpoint');
  if (query.from !== tokenOf(query, skip))
    throw invalidParam('suggested_only and max_depth cannot change on paginated requests');
  return skip;
}
