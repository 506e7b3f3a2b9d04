import type { Change } from '../../log/change.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { creatorsOf } from '../../protocol/room-creators.ts';
import {
  type Creators,
  carriedPowerLevels,
  highestLevel,
  TRANSFERABLE_STATE,
  upgradedCreateContent,
} from '../../protocol/room-upgrade.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Draft, Origin } from '../draft.ts';
import { shownProfile } from '../membership/shown-profile.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { comeAgain } from '../receive/coming-again.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { RoomChange, toolsOf } from '../write/room-change.ts';
import { buildRoom, type MadeRoom, makeRoom } from './build-room.ts';
import { type Closing, closingOf, type Replaced, signedClosing } from './closing.ts';
import { initialEvents } from './initial-events.ts';
import type { InitialState, NewRoom } from './new-room.ts';
import type { Upgrade } from './upgrade.ts';
import { supported } from './versions.ts';

/**
 * Replaces a room by one of another version (Room upgrades, "Server behaviour"). The new room, the
 * tombstone of the old one and its closing are one change: nobody is left between two rooms. Where a policy server has to see
 * them first, and the room never stops while it looks, M_LIMIT_EXCEEDED.
 */
export function upgradeRoom(
  building: Building,
  roomId: RoomId,
  upgrade: Upgrade,
  origin: Origin<RoomId>,
): Promise<RoomId> {
  const rules = supported(upgrade.version);
  return changeRoom(building.rooms, roomId, async (old) => {
    const profile = await shownProfile(building.ports, upgrade.userId);
    const { extremities } = old.head;
    const state = await gatherAll(building, old, upgrade.userId);
    const aliases = await building.ports.store.aliasesOfRoom(old.nid);
    const drafts = eventsOfNewRoom(old, state, upgrade, { rules, profile });
    const published = (await building.ports.store.isRoomPublished(roomId)) ?? false;
    const made = await makeRoom(building, { rules, drafts, published });
    const replaced: Replaced = { state, sender: upgrade.userId, by: made.roomId };
    const signed = await signedClosing(building, old, replaced);
    await building.keys.learn(drafts.map(({ type, stateKey = '' }) => ({ type, stateKey })));
    const refuseMoved = () => {
      const hasMoved = signed && old.head.extremities !== extremities;
      if (old.isDropped || hasMoved) throw new RoomChangedMeanwhile();
    };
    // What is noted of a room that never comes stays.
    refuseMoved();
    // Before the new room is there, as for those who join it: nobody sees it without.
    await building.ports.followRoom?.(upgrade.userId, { from: roomId, to: made.roomId });
    refuseMoved();
    const closing = signed ?? closingOf(building, old, replaced);
    return commit(building, old, { made, closing, upgrade, aliases, origin });
  }).catch(orComeAgain);
}

/** The old room's canonical alias goes along, for its aliases do. */
const CARRIED = [...TRANSFERABLE_STATE, 'm.room.canonical_alias'];

/** All that is read of the old room, and what its own last events are built on. */
async function gatherAll(building: Building, old: HotRoom, sender: UserId): Promise<AuthState> {
  const sources = { store: building.ports.store, keys: building.keys };
  const states = new Map<string, AuthState>();
  for (const type of [...CARRIED, 'm.room.tombstone'])
    states.set(type, await gather(old, { sender, type, stateKey: '', content: {} }, sources));
  const common = states.get('m.room.tombstone')!;
  return { get: (type, stateKey) => (states.get(type) ?? common).get(type, stateKey) };
}

function eventsOfNewRoom(
  old: HotRoom,
  state: AuthState,
  { userId, additionalCreators }: Upgrade,
  { rules, profile }: { rules: RoomVersionRules; profile: JsonObject },
): Draft[] {
  const added = rules.creatorsHaveInfinitePower ? additionalCreators : [];
  const oldCreate = state.get('m.room.create', '')!;
  const creation_content = upgradedCreateContent({
    oldCreate,
    lastEventId: rules.createIsRoomId ? undefined : old.head.extremities[0]?.eventId,
    newVersion: rules.version,
    additionalCreators: added,
  });
  const creators = {
    old:
      old.rules.creatorsHaveInfinitePower && !rules.creatorsHaveInfinitePower
        ? creatorsOf(oldCreate)
        : [],
    new: rules.creatorsHaveInfinitePower ? [userId, ...added] : [],
  };
  const initial_state = carriedState(state, { oldRules: old.rules, creators });
  return initialEvents({
    creator: userId,
    room: { creation_content, initial_state, ...untilAllIsSet(userId, rules, initial_state) },
    rules,
    alias: undefined,
    profiles: new Map([[userId, profile]]),
  });
}

/** The power levels come last: in the old room whoever upgrades may have had less than it takes. */
function carriedState(
  state: AuthState,
  from: { oldRules: RoomVersionRules; creators: Creators },
): InitialState[] {
  const carried = CARRIED.flatMap((type) => state.get(type, '') ?? []).map(({ type, content }) => ({
    type,
    state_key: '',
    content: isPowerLevels({ type }) ? carriedPowerLevels(content, from) : content,
  }));
  return carried.sort((a, b) => Number(isPowerLevels(a)) - Number(isPowerLevels(b)));
}

/** No user may set a level above their own, so whoever upgrades has the highest one until then. */
function untilAllIsSet(
  userId: UserId,
  rules: RoomVersionRules,
  initial_state: readonly InitialState[],
): Pick<NewRoom, 'power_level_content_override'> {
  const levels = initial_state.find(isPowerLevels);
  if (rules.creatorsHaveInfinitePower || !levels) return {};
  return { power_level_content_override: { users: { [userId]: highestLevel(levels.content) } } };
}

const isPowerLevels = ({ type }: { type: string }) => type === 'm.room.power_levels';

interface Ready {
  readonly made: MadeRoom;
  readonly closing: Closing;
  readonly upgrade: Upgrade;
  readonly aliases: readonly RoomAlias[];
  readonly origin: Origin<RoomId>;
}

function commit(building: Building, old: HotRoom, ready: Ready): Promise<RoomId> {
  const { ports, rooms } = building;
  const changes: RoomChange[] = [];
  let room: HotRoom | undefined;
  const committed = ports.log.commit((position) => {
    const built = buildRoom(building, ready.made, position);
    changes.push(built.change);
    const closing = close(building, old, ready.closing, position);
    changes.push(closing);
    room = built.room;
    rooms.add(room);
    const outcome = ready.origin.outcome?.(room.roomId);
    const creator = ready.upgrade.userId;
    const roomNid = room.nid;
    const moved = ready.aliases.map((alias) =>
      ports.store.rows.roomAlias({ alias, roomNid, creator }),
    );
    const unlisted = ready.made.published ? [ports.store.rows.roomPublished(old.nid, false)] : [];
    if (ready.made.published) closing.listed();
    const opened = built.change.finish({ rows: [built.row, ...moved], outcome });
    return { change: together(opened, closing.finish({ rows: unlisted })), value: room.roomId };
  });
  const settled = committed
    .catch(() => {})
    .finally(() => {
      for (const change of changes) change.letGo();
    });
  old.settled = settled;
  if (room) room.settled = settled;
  return committed;
}

function close({ ports, keys }: Building, old: HotRoom, closing: Closing, position: () => number) {
  const change = new RoomChange(old, toolsOf({ ports, keys }, position));
  for (const { event, replaced } of closing) change.append(event, { replaced });
  return change;
}

const orComeAgain = (error: unknown): never => {
  throw error instanceof RoomChangedMeanwhile ? comeAgain() : error;
};

const together = (a: Change, b: Change): Change => ({
  ...a,
  rows: [...a.rows, ...b.rows],
  records: [...a.records, ...b.records],
  touches: [...a.touches, ...b.touches],
});
