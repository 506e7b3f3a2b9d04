import { BuiltOnRefused } from '../../log/log.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Origin } from '../draft.ts';
import { refuseBlocking } from '../membership/blocking.ts';
import { shownProfile } from '../membership/shown-profile.ts';
import type { Building } from '../write/building.ts';
import { type Built, buildRoom, type MadeRoom, makeRoom } from './build-room.ts';
import { initialEvents } from './initial-events.ts';
import type { NewRoom } from './new-room.ts';
import { invitedTo, refuseCreation } from './refuse-creation.ts';
import { supported } from './versions.ts';

interface Creation {
  readonly creator: UserId;
  readonly room: NewRoom;
  readonly alias: RoomAlias | undefined;
  readonly origin: Origin<RoomId>;
}

const ATTEMPTS_MAX = 10;

/** Makes a room with all its events in one change: it is there whole, or not at all. */
export async function createRoom(building: Building, creation: Creation): Promise<RoomId> {
  const { creator, room, alias } = creation;
  const rules = supported(room.room_version ?? building.ports.defaultRoomVersion);
  refuseCreation(building.ports, room, alias);
  await refuseBlocking(building.ports, { by: creator, invited: invitedTo(room) });
  const profiles = await profilesOf(building, [creator, ...(room.invite ?? [])]);
  const drafts = initialEvents({ creator, room, rules, alias, profiles });
  const made = await makeRoom(building, { rules, drafts, published: room.visibility === 'public' });
  for (let attempts = 1; ; attempts++) {
    // In a loop, for a state key that another room has brought may have been refused with it.
    await building.keys.learn(drafts.map(({ type, stateKey = '' }) => ({ type, stateKey })));
    try {
      return await commit(building, creation, made);
    } catch (error) {
      if (!(error instanceof BuiltOnRefused) || attempts === ATTEMPTS_MAX) throw error;
    }
  }
}

async function profilesOf({ ports }: Building, users: readonly UserId[]) {
  const profiles = await Promise.all(
    users.map(async (userId) => [userId, await shownProfile(ports, userId)] as const),
  );
  return new Map<UserId, JsonObject>(profiles);
}

function commit(
  building: Building,
  { creator, alias, origin }: Creation,
  made: MadeRoom,
): Promise<RoomId> {
  const { ports, rooms } = building;
  let built: Built | undefined;
  const committed = ports.log.commit((position) => {
    built = buildRoom(building, made, position);
    const { room, change, row } = built;
    rooms.add(room);
    const { roomAlias } = ports.store.rows;
    const named = alias ? [roomAlias({ alias, roomNid: room.nid, creator })] : [];
    const rows = [row, ...named, ...(origin.rows?.(room.roomId) ?? [])];
    const outcome = origin.outcome?.(room.roomId);
    return { change: change.finish({ rows, outcome }), value: room.roomId };
  });
  const settled = committed.catch(() => {}).finally(() => built?.change.letGo());
  if (built) built.room.settled = settled;
  return committed;
}
