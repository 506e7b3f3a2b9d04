import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, carol, openRooms } from '../../../test/support/rooms.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

const TOPIC = { type: 'm.room.topic', stateKey: '' };

test('who joins behind an erasure is shown redacted copies, who was there sees all as before', async () => {
  await using story = await tell();
  expect(await story.seenBy(bob)).toEqual(['hers', 'his', 'her topic', 'his topic']);
  expect(await story.seenBy(carol)).toEqual([undefined, 'his', undefined, 'his topic']);
  await story.leave(bob);
  await story.join(bob);
  expect(await story.seenBy(bob)).toEqual(['hers', 'his', 'her topic', 'his topic']);
});

test('what an erased user said is not told by what took its place, nor to who checks signatures', async () => {
  await using story = await tell();
  const told = async (userId: UserId) => {
    const events = (await story.events(userId)).map(({ event }) => event);
    const room = (await story.rooms.open(story.roomId))!;
    return JSON.stringify([events, await room.federationForms(events)]);
  };
  for (const text of ['hers', 'her topic']) {
    expect(await told(bob)).toContain(text);
    expect(await told(carol)).not.toContain(text);
  }
  expect(await told(carol)).toContain('his topic');
});

test('what an erased user said is hidden whatever stood there before, as if it were redacted', async () => {
  const first = { topic: 'first', why: 'redacted_because' };
  await using story = await tell([[bob, first], ...TOPICS]);
  expect(await story.seenBy(carol)).toEqual([undefined, 'his', 'first', undefined, 'his topic']);
});

test('what takes its place when they are there already does not tell it to them either', async () => {
  await using story = await tell([[alice, { topic: 'her topic' }]]);
  await story.setTopic(bob, { topic: 'his topic' });
  const [last] = await story.events(carol, 1);
  expect(last?.event.content).toEqual({ topic: 'his topic' });
  expect(JSON.stringify(last)).not.toContain('her topic');
});

type Topics = readonly (readonly [UserId, JsonObject])[];
const TOPICS: Topics = [
  [alice, { topic: 'her topic' }],
  [bob, { topic: 'his topic' }],
];

/** Alice and Bob speak and set the topic; Alice is erased; Carol joins. */
async function tell(topics = TOPICS) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const { rooms } = under;
  const creation = { preset: 'public_chat' as const, power_level_content_override: {} };
  const roomId = await rooms.create(bob, creation, {});
  const change = (userId: UserId, action: 'join' | 'leave') =>
    rooms.changeMembership(roomId, { sender: userId, target: userId, action }, {});
  await change(alice, 'join');
  const levels = { users: { [alice]: 100 } };
  await under.setState(roomId, {
    ...{ sender: bob, type: 'm.room.power_levels', stateKey: '', content: levels },
  });
  await under.say(roomId, alice, 'hers');
  await under.say(roomId, bob, 'his');
  const setTopic = (sender: UserId, content: JsonObject) =>
    under.setState(roomId, { sender, ...TOPIC, content });
  for (const [sender, content] of topics) await setTopic(sender, content);
  await change(alice, 'leave');
  under.erased.set(alice, under.writer.committed.position);
  await change(carol, 'join');
  const events = async (userId: UserId, limit = 100) => {
    const room = (await rooms.open(roomId))!;
    const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit });
    return room.visibleTo(userId, events);
  };
  return {
    rooms,
    roomId,
    events,
    setTopic,
    join: (userId: UserId) => change(userId, 'join'),
    leave: (userId: UserId) => change(userId, 'leave'),
    async seenBy(userId: UserId) {
      const said = (await events(userId)).filter(({ event }) =>
        ['m.room.message', TOPIC.type].includes(event.type),
      );
      return said.map(({ event: { content } }) => content.body ?? content.topic);
    },
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
