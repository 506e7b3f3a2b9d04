import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import { type RoomId, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf, pduIn } from '../read/stored-event.ts';
import { withHashedContent } from '../receive/content-hash.ts';
import { parsePdu } from '../receive/format.ts';
import { isRowOf } from '../receive/same-event.ts';
import { commit } from '../receive/take-in.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { PartialJoin } from './partial-join.ts';

const READ_AT_ONCE = 50;
/** That somebody has shown in a room whose members were not here yet. */
const NAMES_MAX = 20;

/**
 * Whoever is put out of a room before its members are here is told them by nobody any more. The event that says so is held, checked as far
 * as it can be without them; that it may be said follows from the state that is here, if who says it is in the room. Which is believed where
 * their server is one of the room's. True where somebody is out by now.
 */
export async function putOut(
  building: Building,
  roomId: RoomId,
  partial: PartialJoin,
): Promise<boolean> {
  const { store } = building.ports;
  const listed = await store.listHeld(roomId);
  let isOut = false;
  for (let at = 0; at < listed.length; at += READ_AT_ONCE) {
    const nids = listed.slice(at, at + READ_AT_ONCE).map(({ nid }) => nid);
    for (const { json } of await store.heldPdus(partial.roomNid, nids))
      isOut = (await isPutOutBy(building, roomId, { partial, json })) || isOut;
  }
  return isOut;
}

function isPutOutBy(
  building: Building,
  roomId: RoomId,
  { partial, json }: { readonly partial: PartialJoin; readonly json: string },
): Promise<boolean> {
  return changeRoom(building.rooms, roomId, (room) =>
    room.building.alone(async () => {
      if (room.isDropped) throw new RoomChangedMeanwhile();
      const parsed = parsePdu(pduIn(json, room.rules), room);
      if (!room.isPartial || !parsed.ok) return false;
      const event = withHashedContent(parsed.value, room.rules);
      const ended = await stayEndedBy(building, room, partial, event);
      if (!ended) return false;
      const { replaced, storedNid } = ended;
      const attached = { replaced, isAfterGap: true };
      await commit(building, room, (change) => change.append(event, attached, storedNid));
      return true;
    }),
  );
}

interface StayEnded {
  readonly replaced: StateEvent;
  /** Where the event lies if it is stored as an outlier. */
  readonly storedNid: number | undefined;
}

/** Alone in a room whose members are not here. Undefined where the event puts none of ours out, as far as can be judged. */
export async function stayEndedBy(
  building: Building,
  room: HotRoom,
  partial: PartialJoin,
  event: Event,
): Promise<StayEnded | undefined> {
  const { identity, store } = building.ports;
  if (!putsOut(event, partial, identity.serverName)) return undefined;
  const [known] = await store.eventsById([event.eventId]);
  // Its row is of that very event: in the first two versions of rooms another one may pose as it.
  if (known && !(known.outlier && isRowOf(known, event, room))) return undefined;
  const state = await gather(room, event, { store, keys: building.keys });
  const replaced = state.get('m.room.member', event.stateKey!);
  if (!replaced || !(await isOfStay(event, replaced, { room, store }))) return undefined;
  const { allowed } = authorize(event, withSender(state, event), room.rules);
  return allowed ? { replaced, storedNid: known?.nid } : undefined;
}

/** It rests on their join, or on one of those since by which they showed another name: who put them out may not have heard of that one. */
async function isOfStay(
  event: Event,
  replaced: StateEvent,
  { room, store }: { room: HotRoom; store: Building['ports']['store'] },
): Promise<boolean> {
  let joins: readonly StateEvent[] = [replaced].filter(isJoin);
  for (let names = 0; joins.length > 0 && names < NAMES_MAX; names++) {
    if (joins.some(({ eventId }) => event.authEvents.includes(eventId))) return true;
    const stored = await store.eventsById(joins.map(({ eventId }) => eventId));
    const before = stored.flatMap((each) => parsedEventOf(each, room.rules).authEvents);
    joins = (await store.eventsById(before))
      .map((each) => parsedEventOf(each, room.rules))
      .filter((each) => isJoin(each) && each.stateKey === event.stateKey);
  }
  return false;
}

const isJoin = ({ type, content }: Pick<Event, 'type' | 'content'>): boolean =>
  type === 'm.room.member' && content.membership === 'join';

/** Somebody of another server, of which it was told that it is in the room, puts out one of ours. */
function putsOut(event: Event, { server, servers }: PartialJoin, own: string): boolean {
  const { type, sender, stateKey, content } = event;
  if (type !== 'm.room.member' || !stateKey?.startsWith('@')) return false;
  const isEnd = content.membership === 'leave' || content.membership === 'ban';
  const isOfOurs = serverNameOf(stateKey as UserId) === own;
  return isEnd && isOfOurs && [server, ...servers].includes(serverNameOf(sender));
}

const withSender = (state: AuthState, { sender }: Event): AuthState => ({
  get: (type, key) =>
    type === 'm.room.member' && key === sender ? joined(state, sender) : state.get(type, key),
});

function joined(state: AuthState, userId: UserId): StateEvent | undefined {
  const create = state.get('m.room.create', '');
  const content = { membership: 'join' };
  return create && { ...create, type: 'm.room.member', stateKey: userId, sender: userId, content };
}
