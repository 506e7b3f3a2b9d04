import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, carol, openRooms, type RoomsUnderTest } from '../../../test/support/rooms.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';

/**
 * One story under each visibility: Alice speaks alone, invites Bob, speaks, Bob joins, both speak,
 * Bob leaves, Alice speaks. Carol is never there.
 */
test.each<[string, string[], string[]]>([
  [
    'world_readable',
    ['alone', 'invited', 'joined', 'left'],
    ['alone', 'invited', 'joined', 'left'],
  ],
  ['shared', ['alone', 'invited', 'joined'], []],
  ['invited', ['invited', 'joined'], []],
  ['joined', ['joined'], []],
])('where history is %s', async (visibility, bobSees, carolSees) => {
  await using story = await tell(visibility);
  expect(await seen(story, bob)).toEqual(bobSees);
  expect(await seen(story, carol)).toEqual(carolSees);
  expect(await seen(story, alice)).toEqual(['alone', 'invited', 'joined', 'left']);
});

test('a visibility that changes later does not change what was said before', async () => {
  await using story = await tell('joined');
  await story.setVisibility('shared');
  await story.say(story.roomId, alice, 'shared');
  await story.come(bob);
  await story.say(story.roomId, alice, 'again');
  expect(await seen(story, bob)).toEqual(['joined', 'shared', 'again']);
});

test('an event names the membership that its reader had', async () => {
  await using story = await tell('shared');
  const room = (await story.rooms.open(story.roomId))!;
  const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 100 });
  const memberships = (await room.visibleTo(bob, events))
    .filter(({ event }) => event.type === 'm.room.message' || event.stateKey === bob)
    .map(({ event, membership }) => [event.content.body ?? 'member', membership]);
  expect(memberships).toEqual([
    ['alone', 'leave'],
    ['member', 'invite'],
    ['invited', 'invite'],
    ['member', 'join'],
    ['joined', 'join'],
    ['member', 'leave'],
  ]);
});

test('someone who comes back sees what they had seen, and what is said from then on', async () => {
  await using story = await tell('joined');
  await story.come(bob);
  await story.say(story.roomId, alice, 'back');
  expect(await seen(story, bob)).toEqual(['joined', 'back']);
});

async function tell(visibility: string) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const content = { history_visibility: visibility };
  const setting = { type: 'm.room.history_visibility', state_key: '', content };
  const roomId = await under.rooms.create(alice, { initial_state: [setting] }, {});
  const change = (target: UserId, sender: UserId, action: 'invite' | 'join' | 'leave') =>
    under.rooms.changeMembership(roomId, { sender, target, action }, {});
  const invite = () => change(bob, alice, 'invite');
  await under.say(roomId, alice, 'alone');
  await invite();
  await under.say(roomId, alice, 'invited');
  await change(bob, bob, 'join');
  await under.say(roomId, bob, 'joined');
  await change(bob, bob, 'leave');
  await under.say(roomId, alice, 'left');
  return {
    ...under,
    roomId,
    setVisibility: (value: string) =>
      under.setState(roomId, {
        sender: alice,
        type: setting.type,
        stateKey: '',
        content: { history_visibility: value },
      }),
    async come(userId: UserId) {
      await change(userId, alice, 'invite');
      await change(userId, userId, 'join');
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

/** By the timeline, and the same by pages from a memory that knows nothing yet. */
async function seen({ rooms, roomId }: RoomsUnderTest & { roomId: RoomId }, userId: UserId) {
  const room = (await rooms.open(roomId))!;
  const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 100 });
  const byTimeline = (await room.visibleTo(userId, events)).map(({ event }) => event);
  const page = await room.page({
    reader: userId,
    from: { depth: 0, nid: 0 },
    direction: 'f',
    limit: 100,
    wanted: () => true,
  });
  expect(page.events.map(({ event }) => event.eventId)).toEqual(
    byTimeline.map((event) => event.eventId),
  );
  const messages = byTimeline.filter((event) => event.type === 'm.room.message');
  return messages.map((event) => event.content.body);
}
