import { randomBytes } from 'node:crypto';
import type { Change } from '../../log/change.ts';
import { BuiltOnRefused } from '../../log/log.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type RoomVersionRules, rulesOf } from '../../protocol/room-versions.ts';
import { newEvent } from '../build/new-event.ts';
import { RoomChange } from '../build/room-change.ts';
import type { Building } from '../build/send-event.ts';
import { shownProfile } from '../membership/shown-profile.ts';
import { refuseUnreachable } from '../membership/unreachable.ts';
import { HotRoom } from '../memory/hot-room.ts';
import type { Draft, Origin } from '../rooms.ts';
import { emptyChain } from '../state/state-chain.ts';
import { initialEvents } from './initial-events.ts';
import type { NewRoom } from './new-room.ts';
import { isForNewRooms } from './versions.ts';

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
  refuseUnreachable(building.ports, room.invite ?? []);
  const profiles = await profilesOf(building, [creator, ...(room.invite ?? [])]);
  const drafts = initialEvents({ creator, room, rules, alias, profiles });
  for (let attempts = 1; ; attempts++) {
    // In a loop, for a state key that another room has brought may have been refused with it.
    await building.keys.learn(drafts.map(({ type, stateKey = '' }) => ({ type, stateKey })));
    try {
      return await commit(building, creation, { rules, drafts });
    } catch (error) {
      if (!(error instanceof BuiltOnRefused) || attempts === ATTEMPTS_MAX) throw error;
    }
  }
}

function supported(version: string): RoomVersionRules {
  const rules = rulesOf(version);
  if (rules && isForNewRooms(rules)) return rules;
  throw new MatrixError(
    400,
    'M_UNSUPPORTED_ROOM_VERSION',
    `This server makes no rooms of version ${version}`,
  );
}

async function profilesOf({ ports }: Building, users: readonly UserId[]) {
  const profiles = await Promise.all(
    users.map(async (userId) => [userId, await shownProfile(ports, userId)] as const),
  );
  return new Map<UserId, JsonObject>(profiles);
}

async function commit(
  building: Building,
  creation: Creation,
  made: { rules: RoomVersionRules; drafts: readonly Draft[] },
): Promise<RoomId> {
  const { ports, rooms, keys } = building;
  let room: HotRoom | undefined;
  const committed = ports.log.commit((position) => {
    const built = build(building, creation, { ...made, position });
    room = built.room;
    rooms.add(built.room);
    return { change: built.change, value: built.newKeys };
  });
  if (room) room.settled = committed.catch(() => {});
  for (const keyNid of await committed) keys.committed(keyNid);
  return room!.roomId;
}

function build(
  { ports, keys }: Building,
  { creator, room: wish, alias, origin }: Creation,
  made: { rules: RoomVersionRules; drafts: readonly Draft[]; position: () => number },
): { room: HotRoom; change: Change; newKeys: readonly number[] } {
  const { rules, position } = made;
  const [createDraft, ...drafts] = made.drafts;
  const at = { signer: ports.identity, now: ports.now() };
  const create = firstEvent(createDraft!, rules, at);
  const nid = position();
  const room = emptyRoom(create.roomId, nid, rules);
  const change = new RoomChange(room, { keys, rows: ports.store.rows, position });
  const state = stateOf(room, keys);
  change.append(create);
  for (const draft of drafts) {
    const event = inRoom(() => newEvent(room, draft, { ...at, state }));
    change.append(event, { replaced: state.get(draft.type, draft.stateKey ?? '') });
  }
  const rows = [
    ports.store.rows.room({
      nid,
      roomId: room.roomId,
      version: rules.version,
      published: wish.visibility === 'public',
    }),
    ...(alias ? [ports.store.rows.roomAlias({ alias, roomNid: nid, creator })] : []),
  ];
  const outcome = origin.outcome?.(room.roomId);
  return { room, change: change.finish({ rows, outcome }), newKeys: change.newKeys };
}

type At = { signer: Building['ports']['identity']; now: number };

/** From version 12 on, the room's id is this event's. */
function firstEvent(draft: Draft, rules: RoomVersionRules, at: At): Event {
  const opaque = randomBytes(18).toString('base64url');
  const roomId = `!${opaque}:${at.signer.serverName}` as RoomId;
  const nothing: AuthState = { get: () => undefined };
  const head = { extremities: [], depth: 0 };
  return inRoom(() => newEvent({ roomId, rules, head }, draft, { ...at, state: nothing }));
}

const emptyRoom = (roomId: RoomId, nid: number, rules: RoomVersionRules): HotRoom =>
  new HotRoom({
    nid,
    roomId,
    rules,
    state: new Map(),
    extremities: [],
    stateNid: emptyChain.nid,
    chain: emptyChain,
    lastPosition: nid,
    isCommitted: false,
  });

/** All of a new room's state is on its way, so it lies among what is pending. */
const stateOf = (room: HotRoom, keys: Building['keys']): AuthState => ({
  get(type, stateKey) {
    const key = keys.find(type, stateKey);
    const nid = key && room.head.stateEventNid(key.keyNid);
    return nid === undefined ? undefined : room.pending.get(nid)?.parsed;
  },
});

/** What the auth rules refuse in a new room is the fault of what was asked for. */
function inRoom<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
    throw new MatrixError(400, 'M_INVALID_ROOM_STATE', error.message, { cause: error });
  }
}
