import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { mayPreview } from '../../protocol/spaces/hierarchy.ts';
import type { Rooms } from '../rooms.ts';
import type { RoomSummary } from '../summary/room-summary.ts';
import { childrenOf } from './hierarchy.ts';
import type { HierarchyRoom } from './space-child.ts';

export interface HierarchyWish {
  readonly root: RoomId;
  readonly server: ServerName;
  readonly suggestedOnly: boolean;
}

/** One level: whoever asks goes on from there. */
export interface HierarchyForServer {
  readonly room: HierarchyRoom;
  readonly children: readonly RoomSummary[];
  /** Those that are here, and that nobody of the server could see or join. */
  readonly inaccessible: readonly RoomId[];
}

type Ports = Pick<Rooms, 'membershipOfServer' | 'open' | 'summaries'>;

const ALLOWED_LOOKED_AT_MAX = 20;

/** A space and its children as far as somebody of the server could see or join them; undefined where that is not so of the space. */
export async function hierarchyForServer(
  ports: Ports,
  { root, server, suggestedOnly }: HierarchyWish,
): Promise<HierarchyForServer | undefined> {
  const reader = new ServerReader(ports, server);
  const summary = (await ports.summaries([root])).get(root);
  if (!summary || !(await reader.maySee(summary))) return undefined;
  const events = await childrenOf(ports, { suggestedOnly }, summary);
  const roomIds = events.map(({ stateKey }) => stateKey);
  const found = await ports.summaries(roomIds);
  const [children, inaccessible]: [RoomSummary[], RoomId[]] = [[], []];
  for (const [roomId, child] of found)
    if (await reader.maySee(child)) children.push(child);
    else inaccessible.push(roomId);
  return { room: { summary, children: events }, children, inaccessible };
}

/** A server, by the nearest to being in a room that any of its users is; each room is looked at once. */
class ServerReader {
  readonly #ports: Ports;
  readonly #server: ServerName;
  readonly #known = new Map<string, 'join' | 'invite' | undefined>();

  constructor(ports: Ports, server: ServerName) {
    this.#ports = ports;
    this.#server = server;
  }

  async maySee(summary: RoomSummary): Promise<boolean> {
    const membership = await this.#membershipIn(summary.roomId);
    for (const roomId of summary.allowedRoomIds.slice(0, ALLOWED_LOOKED_AT_MAX))
      await this.#membershipIn(roomId);
    return mayPreview({ ...summary, membership }, (roomId) => this.#known.get(roomId) === 'join');
  }

  async #membershipIn(roomId: string): Promise<'join' | 'invite' | undefined> {
    if (!this.#known.has(roomId))
      this.#known.set(roomId, await this.#ports.membershipOfServer(roomId as RoomId, this.#server));
    return this.#known.get(roomId);
  }
}
