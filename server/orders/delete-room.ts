import type { RoomAlias, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Room } from '../rooms/room.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { deletedRoomNid } from '../storage/rooms/deleted-rooms.ts';
import { LEFT_BEHIND } from '../storage/rooms/room-pieces.ts';
import { inSpiteOfWaiting } from './in-spite-of-waiting.ts';
import type { Work } from './long-orders.ts';
import { aMoment, ROWS_MAX } from './pieces.ts';

/** What is asked for, as it is kept. */
export interface RoomDeletion {
  readonly block: boolean;
  /** Else it stays as it is, with nobody in it. */
  readonly purge: boolean;
  /** Into which its members are brought, and who made it. */
  readonly newRoom: { readonly roomId: RoomId; readonly userId: UserId } | null;
  readonly message: string | null;
}

interface Ports {
  readonly rooms: Pick<
    Rooms,
    'open' | 'delete' | 'block' | 'changeMembership' | 'forget' | 'send' | 'addAlias'
  >;
  readonly database: Database;
  /** Resolves when the next piece may go. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

const AT_ONCE = 10;

/** Each step leaves what the next one needs, and does nothing where it was done: a takeover begins it anew. */
export const deleteRoom =
  (ports: Ports): Work =>
  async ({ target, by, asked, told }, signal) => {
    const roomId = target as RoomId;
    const wish = asked as unknown as RoomDeletion;
    if (wish.block) await ports.rooms.block(roomId, by as UserId, {});
    const room = await ports.rooms.open(roomId);
    const { newRoom } = wish;
    if (room && newRoom) await moveMembers(ports, room, newRoom.roomId, signal);
    const failed = room && !wish.purge ? await emptyOfPeople(ports, room, signal) : [];
    if (wish.purge && !signal.aborted) await purge(ports, roomId, signal);
    if (newRoom && !signal.aborted) await settle(ports, newRoom, { ...wish, told }, signal);
    return { ...told, failed_to_kick_users: failed };
  };

async function moveMembers(
  { rooms }: Ports,
  room: Room,
  into: RoomId,
  signal: AbortSignal,
): Promise<void> {
  await eachOf([...room.members('join')], (target) =>
    inSpiteOfWaiting(signal, () =>
      rooms.changeMembership(into, { sender: target, target, action: 'join' }, {}),
    ),
  );
}

/** Who could not be brought to leave. */
async function emptyOfPeople(
  { rooms }: Ports,
  room: Room,
  signal: AbortSignal,
): Promise<readonly UserId[]> {
  const { roomId } = room;
  const failed: UserId[] = [];
  const members = (['join', 'invite', 'knock'] as const).flatMap((kind) => [...room.members(kind)]);
  await eachOf(members, async (target) => {
    const refused = await inSpiteOfWaiting(signal, async () => {
      const leave = { sender: target, target, action: 'leave', isOfServer: true } as const;
      await rooms.changeMembership(roomId, leave, {});
      await rooms.forget(roomId, target, {});
    });
    if (refused) failed.push(target);
  });
  return failed;
}

async function eachOf(users: readonly UserId[], act: (user: UserId) => Promise<unknown>) {
  for (let at = 0; at < users.length; at += AT_ONCE)
    await Promise.all(users.slice(at, at + AT_ONCE).map(act));
}

/** By one short change nobody finds the room any more; what it leaves behind goes in pieces, with a pause behind each. */
async function purge(
  { rooms, database, pause = aMoment }: Ports,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  await rooms.delete(roomId);
  const nid = await deletedRoomNid(database, roomId);
  for (const remove of nid === undefined ? [] : LEFT_BEHIND)
    while (!signal.aborted && (await remove(database, { nid: nid!, roomId, limit: ROWS_MAX })) > 0)
      await pause(signal).catch(() => {});
}

/** The names go over to the new room, and it says why its members are here. */
async function settle(
  { rooms }: Ports,
  { roomId, userId }: NonNullable<RoomDeletion['newRoom']>,
  { purge, message, told }: RoomDeletion & { told: JsonObject },
  signal: AbortSignal,
): Promise<void> {
  for (const alias of purge ? (told.local_aliases as RoomAlias[]) : [])
    await inSpiteOfWaiting(signal, () => rooms.addAlias(alias, roomId, userId, {}));
  if (message === null || (await hasSpoken(await rooms.open(roomId), userId))) return;
  const content = { msgtype: 'm.text', body: message };
  await inSpiteOfWaiting(signal, () =>
    rooms.send(roomId, { sender: userId, type: 'm.room.message', content }, {}),
  );
}

/** Nobody else may speak there. */
async function hasSpoken(room: Room | undefined, userId: UserId): Promise<boolean> {
  if (!room) return true;
  const page = await room.page({
    ...{ reader: userId, from: await room.upperEdge(room.lastPosition), direction: 'b' },
    ...{ limit: 1, types: ['m.room.message'], senders: [userId] },
  });
  return page.events.length > 0;
}
