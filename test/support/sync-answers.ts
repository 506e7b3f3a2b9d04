import type { RoomId, UserId } from '../../server/protocol/identifiers.ts';
import { alice, bringIn } from './rooms.ts';
import type { Answer, SyncUnderTest } from './sync.ts';

export async function room(house: SyncUnderTest, ...others: UserId[]): Promise<RoomId> {
  const roomId = await house.rooms.create(alice, {}, {});
  await bringIn(house, roomId, ...others);
  return roomId;
}

export const setName = (house: SyncUnderTest, roomId: RoomId, name: string) =>
  house.setState(roomId, draft('m.room.name', { name }));

export const bodies = (joined: Answer): string[] =>
  joined.timeline.events
    .filter((each: Answer) => each.type === 'm.room.message')
    .map((each: Answer) => each.content.body);

export const content = (events: Answer[], type: string) =>
  events.findLast((each) => each.type === type)?.content;

export async function lastEvent(house: SyncUnderTest, roomId: RoomId) {
  const found = await house.rooms.open(roomId);
  const { events } = await found!.timeline({ after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1 });
  return events[0]!;
}

export const receipt = (roomId: RoomId, userId: UserId, eventId: Answer) =>
  ({ roomId, userId, eventId, type: 'm.read', threadId: '' }) as const;

export const draft = (type: string, content: Record<string, string | number>) => ({
  sender: alice,
  type,
  stateKey: '',
  content,
});
