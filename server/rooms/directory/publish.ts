import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { Origin } from '../draft.ts';
import { canonicalAliasState, maySetCanonicalAlias } from '../may-set-canonical-alias.ts';
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
    const { log, store } = building.ports;
    await log.commit((next) => {
      const record = { kind: 'directory', roomId } as const;
      const records = [{ position: next(), record }];
      const rows = [store.rows.roomPublished(room.nid, published)];
      const outcome = origin.outcome?.(roomId);
      return { value: undefined, change: { rows, records, outcome, touches: [roomKey(roomId)] } };
    });
  });
