import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { compareChildren, isSpaceChild } from '../../protocol/spaces/hierarchy.ts';
import type { RoomEvent } from '../room-event.ts';
import type { Rooms } from '../rooms.ts';
import { mayBeShown, type RoomSummary } from '../summary/room-summary.ts';

export interface HierarchyRequest {
  readonly root: RoomId;
  readonly reader: UserId;
  readonly suggestedOnly: boolean;
  readonly depthMax: number;
  /** So many rooms of the tree were given out before. */
  readonly skip: number;
  readonly limit: number;
}

export interface HierarchyRoom {
  readonly summary: RoomSummary;
  /** Of a space. */
  readonly children: readonly RoomEvent[];
}

export interface HierarchyPage {
  readonly rooms: readonly HierarchyRoom[];
  readonly isLast: boolean;
}

type Ports = Pick<Rooms, 'open' | 'roomsOf' | 'summaries'>;

/** Of one tree, over all pages: the rest is not shown. */
export const HIERARCHY_ROOMS_MAX = 1_000;
const CHILDREN_MAX = 500;
/** Of the children of one room, and of a page: what is in an event of theirs is up to clients. */
const CHILDREN_BYTES_MAX = 262_144;
const PAGE_BYTES_MAX = 1_048_576;

/**
 * The rooms of a space that the reader may see, depth first, each once; undefined if the root is not
 * among them. A page goes through the tree from its root: nothing is kept between two pages.
 */
export async function hierarchyOf(
  ports: Ports,
  request: HierarchyRequest,
): Promise<HierarchyPage | undefined> {
  const rooms: HierarchyRoom[] = [];
  let [count, bytes] = [0, 0];
  for await (const room of walk(ports, request)) {
    count += 1;
    if (count <= request.skip) continue;
    if (rooms.length === request.limit || bytes > PAGE_BYTES_MAX) return { rooms, isLast: false };
    rooms.push(room);
    bytes += bytesOf(room.children);
    if (count === HIERARCHY_ROOMS_MAX) break;
  }
  return count === 0 ? undefined : { rooms, isLast: true };
}

interface Step {
  readonly summary: RoomSummary;
  readonly depth: number;
}

async function* walk(ports: Ports, request: HierarchyRequest): AsyncGenerator<HierarchyRoom> {
  const seen = new Set<string>([request.root]);
  const stack = await stepsTo(ports, request, [request.root], 0);
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { summary, depth } = step;
    const children = await childrenOf(ports, request, summary);
    yield { summary, children };
    if (depth === request.depthMax) continue;
    const fresh = children.map(({ stateKey }) => stateKey as RoomId).filter((id) => !seen.has(id));
    for (const roomId of fresh) seen.add(roomId);
    stack.push(...(await stepsTo(ports, request, fresh, depth + 1)).reverse());
  }
}

/** Of these rooms, in their order, those that the reader may see. */
async function stepsTo(
  ports: Ports,
  { reader }: HierarchyRequest,
  roomIds: readonly RoomId[],
  depth: number,
): Promise<Step[]> {
  if (roomIds.length === 0) return [];
  const [own, summaries] = await Promise.all([ports.roomsOf(reader), ports.summaries(roomIds)]);
  return roomIds.flatMap((roomId) => {
    const summary = summaries.get(roomId);
    return summary && mayBeShown(summary, own) ? [{ summary, depth }] : [];
  });
}

/** Of a space, in their order, as many as are told. */
export async function childrenOf(
  ports: Pick<Rooms, 'open'>,
  { suggestedOnly }: Pick<HierarchyRequest, 'suggestedOnly'>,
  { roomId, roomType }: RoomSummary,
): Promise<RoomEvent[]> {
  if (roomType !== 'm.space') return [];
  const room = await ports.open(roomId);
  const events = (await room?.state((type) => type === 'm.space.child')) ?? [];
  const children = events
    .filter((event) => isSpaceChild(event) && (!suggestedOnly || event.content.suggested === true))
    .sort(compareChildren)
    .slice(0, CHILDREN_MAX);
  let bytes = 0;
  return children.filter(({ members }) => {
    bytes += members.length;
    return bytes <= CHILDREN_BYTES_MAX;
  });
}

const bytesOf = (events: readonly RoomEvent[]): number =>
  events.reduce((sum, { members }) => sum + members.length, 0);
