import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from '../events/large-reads.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'whenWhole'>;
  readonly largeReads: LargeReads;
}

export const getJoinedMembersByRoom = endpoint({
  operation: 'getJoinedMembersByRoom',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/joined_members',
    'GET /_matrix/client/r0/rooms/{roomId}/joined_members',
  ],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),

  async handle({ caller, path, signal }, { rooms, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const found = await joinedRoom(rooms, path.roomId, caller.userId);
    if (found.isPartial) await rooms.whenWhole(path.roomId, caller.userId, signal);
    const room = found.isPartial ? await joinedRoom(rooms, path.roomId, caller.userId) : found;
    const joined = new Set<string>(room.members('join'));
    const members = await room.state((type, key) => type === 'm.room.member' && joined.has(key));
    const events = await room.shownTo(caller.userId, members);
    return {
      joined: Object.fromEntries(events.map((event) => [event.stateKey, profile(event.content)])),
    };
  },
});

async function joinedRoom(rooms: Ports['rooms'], roomId: RoomId, userId: UserId): Promise<Room> {
  const room = await rooms.open(roomId);
  if (room?.membershipOf(userId) === 'join') return room;
  throw forbidden(`You are not a member of ${roomId}`);
}

const profile = ({ displayname, avatar_url }: JsonObject): JsonObject => ({
  ...named('display_name', displayname),
  ...named('avatar_url', avatar_url),
});

const named = (name: string, value: JsonValue | undefined): JsonObject =>
  typeof value === 'string' ? { [name]: value } : {};
