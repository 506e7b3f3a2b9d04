import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { isSpaceChild } from '../../protocol/spaces/hierarchy.ts';
import type { RoomMembership } from '../membership/membership.ts';
import type { Rooms } from '../rooms.ts';
import { mayBeShown, type RoomSummary } from '../summary/room-summary.ts';
import {
  LooksElsewhere,
  type RoomPointer,
  type SpacesElsewhere,
  serversBy,
  toldOfChild,
} from './look-elsewhere.ts';
import { bytesOf, type HierarchyRoom, inOrder, type SpaceChild } from './space-child.ts';
import type { ToldSpace } from './told-space.ts';

export interface HierarchyRequest {
  readonly root: RoomId;
  readonly reader: UserId;
  readonly suggestedOnly: boolean;
  readonly depthMax: number;
  /** So many rooms of the tree were given out before. */
  readonly skip: number;
  readonly limit: number;
}

export interface HierarchyPage {
  readonly rooms: readonly HierarchyRoom[];
  readonly isLast: boolean;
}

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'summaries'>;
  /** Undefined where other servers are not asked. */
  readonly elsewhere?: SpacesElsewhere | undefined;
}

/** Of one tree, over all pages: the rest is not shown. */
export const HIERARCHY_ROOMS_MAX = 1_000;
const PAGE_BYTES_MAX = 1_048_576;

/**
 * The rooms of a space that the reader may see, depth first, each once; undefined if the root is not
 * among them. A page goes through the tree from its root: nothing is kept between two pages but what other servers said.
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
  /** Of a room in which nobody of this server is. */
  readonly told?: ToldSpace;
}

async function* walk(
  { rooms, elsewhere }: Ports,
  request: HierarchyRequest,
): AsyncGenerator<HierarchyRoom> {
  const { root, reader, suggestedOnly, depthMax } = request;
  const looks = new LooksElsewhere(elsewhere, { suggestedOnly, asker: reader });
  const seen = new Set<string>([root]);
  const pointer = { roomId: root, via: serversBy(root, undefined) };
  const stack = await stepsTo({ rooms, looks }, reader, [pointer], 0);
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { summary, depth, told } = step;
    const children = told?.room.children ?? (await childrenOf(rooms, request, summary));
    yield { summary, children };
    if (depth === depthMax) continue;
    const fresh = children.filter(({ stateKey }) => !seen.has(stateKey));
    for (const { stateKey } of fresh) seen.add(stateKey);
    const pointers = fresh.map((child) => pointerTo(child, told));
    stack.push(...(await stepsTo({ rooms, looks }, reader, pointers, depth + 1)).reverse());
  }
}

const pointerTo = ({ stateKey, content }: SpaceChild, of: ToldSpace | undefined): RoomPointer => ({
  roomId: stateKey,
  via: serversBy(stateKey, content.via),
  told: of && toldOfChild(of, stateKey),
});

interface Sight {
  readonly rooms: Ports['rooms'];
  readonly looks: LooksElsewhere;
}

/** Of these rooms, in their order, those that the reader may see. */
async function stepsTo(
  { rooms, looks }: Sight,
  reader: UserId,
  pointers: readonly RoomPointer[],
  depth: number,
): Promise<Step[]> {
  if (pointers.length === 0) return [];
  const roomIds = pointers.map(({ roomId }) => roomId);
  const [own, summaries] = await Promise.all([rooms.roomsOf(reader), rooms.summaries(roomIds)]);
  const steps = await Promise.all(
    pointers.map(async (pointer): Promise<Step[]> => {
      const here = summaries.get(pointer.roomId);
      // Who is only asked in knows nothing of the room but that: its server knows more.
      const told = here && here.joinedCount > 0 ? undefined : await looks.at(pointer);
      if (told) return shown({ summary: told.room.summary, depth, told }, own);
      return here ? shown({ summary: here, depth }, own) : [];
    }),
  );
  return steps.flat();
}

const shown = (step: Step, own: ReadonlyMap<RoomId, RoomMembership>): Step[] =>
  mayBeShown(step.summary, own) ? [step] : [];

/** Of a space that is here, in their order, as many as are told. */
export async function childrenOf(
  rooms: Pick<Rooms, 'open'>,
  wish: Pick<HierarchyRequest, 'suggestedOnly'>,
  { roomId, roomType }: RoomSummary,
): Promise<readonly SpaceChild[]> {
  if (roomType !== 'm.space') return [];
  const room = await rooms.open(roomId);
  const events = (await room?.state((type) => type === 'm.space.child')) ?? [];
  const children = events.filter(isSpaceChild).map((event) => ({
    ...{ type: event.type, stateKey: event.stateKey as RoomId, content: event.content },
    ...{ sender: event.sender, originServerTs: event.originServerTs },
    bytes: event.members.length,
  }));
  return inOrder(children, wish);
}
