import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Row } from '../../storage/write.ts';
import type { Origin } from '../draft.ts';
import { canonicalAliasState, maySetCanonicalAlias } from '../may-set-canonical-alias.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { roomKey } from '../write/room-change.ts';

/** Puts a room into the published directory, or takes it out. */
export const publish = (
  building: Building,
  { roomId, userId, published }: { roomId: RoomId; userId: UserId; published: boolean },
  origin: Origin<RoomId>,
): Promise<void> =>
  changeRoom(building.rooms, roomId, async (room) => {
    const state = await canonicalAliasState(building, room, userId);
    if (!maySetCanonicalAlias(state, room, userId))
      throw forbidden('Only members who may set m.room.canonical_alias may publish the room');
    await commit(
      building,
      room,
      building.ports.store.rows.roomPublished(room.nid, published),
      origin,
    );
  });

export interface NetworkListing {
  readonly roomId: RoomId;
  /** Of the network, as clients are told of it. */
  readonly instanceId: string;
  readonly published: boolean;
}

/** The same in the directory of a network, whose application service answers for what is in it. */
export const publishInNetwork = (
  building: Building,
  { roomId, ...listing }: NetworkListing,
  origin: Origin<RoomId>,
): Promise<void> =>
  changeRoom(building.rooms, roomId, (room) =>
    commit(building, room, building.ports.store.rows.networkRoom(room.nid, listing), origin),
  );

const commit = (
  { ports }: Building,
  { roomId }: HotRoom,
  row: Row,
  origin: Origin<RoomId>,
): Promise<void> =>
  ports.log.commit((next) => {
    const records = [{ position: next(), record: { kind: 'directory', roomId } as const }];
    const outcome = origin.outcome?.(roomId);
    const change = { rows: [row], records, outcome, touches: [roomKey(roomId)] };
    return { value: undefined, change };
  });
