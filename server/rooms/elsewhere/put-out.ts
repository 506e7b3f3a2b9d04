import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import { type RoomId, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { pduIn } from '../read/stored-event.ts';
import { withHashedContent } from '../receive/content-hash.ts';
import { parsePdu } from '../receive/format.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import { RoomChange, toolsOf } from '../write/room-change.ts';
import type { PartialJoin } from './partial-join.ts';

const READ_AT_ONCE = 50;

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
      const { serverName: own } = building.ports.identity;
      if (!room.isPartial || !parsed.ok || !putsOut(parsed.value, partial, own)) return false;
      const event = withHashedContent(parsed.value, room.rules);
      const { store } = building.ports;
      const state = await gather(room, event, { store, keys: building.keys });
      const replaced = state.get('m.room.member', event.stateKey!);
      const isOfStay =
        replaced?.content.membership === 'join' && event.authEvents.includes(replaced.eventId);
      if (!isOfStay || !authorize(event, withSender(state, event), room.rules).allowed)
        return false;
      let change: RoomChange | undefined;
      const committed = building.ports.log.commit((position) => {
        change = new RoomChange(room, toolsOf(building, position));
        change.append(event, { replaced, isAfterGap: true });
        return { change: change.finish({}), value: undefined };
      });
      room.settled = committed.catch(() => {}).finally(() => change?.letGo());
      await committed;
      return true;
    }),
  );
}

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
