import { expect, test } from 'vitest';
import { alice, bob } from '../../../../test/support/rooms.ts';
import {
  type Answer,
  freshSync,
  openSync,
  type SyncUnderTest,
} from '../../../../test/support/sync.ts';
import { bodies, content, draft, room, setName } from '../../../../test/support/sync-answers.ts';
import type { UserId } from '../../../protocol/identifiers.ts';
import { encodePlace } from '../../../rooms/pagination-token.ts';

test('where more happened than the limit, the timeline is limited and the state is told across the gap', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await setName(house, roomId, 'in the gap');
  for (const body of ['1', '2', '3', '4']) await house.say(roomId, alice, body);
  const filter = { room: { timeline: { limit: 2 } } };
  const joined = (await house.next(bob, begin, { filter })).rooms.join[roomId];
  expect(bodies(joined)).toEqual(['3', '4']);
  expect(joined.timeline.limited).toBe(true);
  expect(joined.timeline.prev_batch).toBeDefined();
  expect(content(joined.state.events, 'm.room.name').name).toBe('in the gap');
});

test('a timeline of large events ends where an answer has enough, and is paged back from there', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  for (let n = 0; n < 40; n++) await house.say(roomId, alice, `${n} ${'x'.repeat(60_000)}`);
  await using again = await openSync(house.fresh);
  const filter = { room: { timeline: { limit: 1_000 } } };
  for (const reader of [house, again]) {
    const { timeline } = (await reader.sync(alice, { filter })).rooms.join[roomId];
    const told = bodies({ timeline }).map((body) => Number(String(body).split(' ')[0]));
    expect(told).toEqual(Array.from({ length: 17 }, (_, n) => n + 23));
    expect(timeline.limited).toBe(true);
    expect(timeline.prev_batch).toBeDefined();
  }
});

test('what is shown along with the events of a timeline counts, too', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  const body = 'x'.repeat(30_000);
  for (let n = 0; n < 24; n++) {
    const event_id = await house.say(roomId, alice, `${n}`);
    const content = {
      ...{ msgtype: 'm.text', body, 'm.new_content': { msgtype: 'm.text', body } },
      'm.relates_to': { rel_type: 'm.replace', event_id },
    };
    await house.rooms.send(roomId, { sender: alice, type: 'm.room.message', content }, {});
  }
  const filter = { room: { timeline: { related_by_rel_types: ['m.replace'], limit: 100 } } };
  const { timeline } = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(JSON.stringify(timeline).length).toBeLessThan(1_200_000);
  expect(timeline.events.length).toBeGreaterThan(5);
  expect(timeline.limited).toBe(true);
});

test('a timeline longer than a page is told whole', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  for (let n = 0; n < 230; n++) await house.say(roomId, alice, `${n}`);
  await using again = await openSync(house.fresh);
  const filter = { room: { timeline: { limit: 210 } } };
  const joined = (await again.sync(alice, { filter })).rooms.join[roomId];
  expect(bodies(joined)).toEqual(Array.from({ length: 210 }, (_, n) => `${n + 20}`));
  expect(joined.timeline.limited).toBe(true);
});

test('a timeline that begins at a gap is paged back from above all that came before it', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  for (const body of ['1', '2']) await house.say(roomId, alice, body);
  const behind = await house.say(roomId, alice, 'behind a gap');
  const { database } = house.fresh;
  const [before] = await database.query<{ depth: number; nid: number }>(
    'deepest_before',
    'SELECT depth, event_nid AS nid FROM event WHERE event_id <> $1 ORDER BY depth DESC LIMIT 1',
    [behind],
  );
  await database.query(
    'note_gap',
    'INSERT INTO timeline_gap SELECT room_nid, event_nid FROM event WHERE event_id = $1',
    [behind],
  );
  const prevBatch = async () => {
    await using again = await openSync(house.fresh);
    const { timeline } = (await again.sync(alice)).rooms.join[roomId];
    expect(bodies({ timeline })).toEqual(['behind a gap']);
    return timeline.prev_batch;
  };
  const { depth, nid } = (await (await house.rooms.open(roomId))!.event(behind))!;
  expect(await prevBatch()).toBe(encodePlace({ depth, nid: nid - 1 }));
  await database.query('claim', 'UPDATE event SET depth = 1 WHERE event_id = $1', [behind]);
  expect(await prevBatch()).toBe(encodePlace(before!));
});

test('a filter that lets little through finds what it wants further back', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await house.setState(roomId, draft('org.example.rare', { n: 1 }));
  for (let n = 0; n < 30; n++) await house.say(roomId, alice, `${n}`);
  const filter = { room: { timeline: { types: ['org.example.rare'], limit: 1 } } };
  const joined = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(joined.timeline.events.map((each: Answer) => each.type)).toEqual(['org.example.rare']);
});

test('a filter that lets through nothing of a whole page is looked for behind it', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await house.setState(roomId, draft('org.example.rare', { n: 1 }));
  for (let n = 0; n < 130; n++) await house.say(roomId, alice, `${n}`);
  const filter = { room: { timeline: { types: ['org.example.rare'], limit: 1 } } };
  const joined = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(joined.timeline.events.map((each: Answer) => each.type)).toEqual(['org.example.rare']);
});

test('where a further page has more than the limit, the timeline is limited', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  for (const n of [1, 2, 3]) await house.setState(roomId, draft('org.example.rare', { n }));
  await house.say(roomId, alice, 'last');
  const filter = { room: { timeline: { types: ['org.example.rare'], limit: 2 } } };
  const { timeline } = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(timeline.events.map((each: Answer) => each.content.n)).toEqual([2, 3]);
  expect(timeline.limited).toBe(true);
});

test('with a limit of 0 no event is told, of a room that was left neither, and what there is is a gap', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const filter = { room: { include_leave: true, timeline: { limit: 0 } } };
  const begin = await house.sync(bob, { filter });
  expect(begin.rooms.join[roomId].timeline).toMatchObject({ events: [], limited: true });
  const quiet = await house.next(bob, begin, { filter, fullState: true });
  expect(quiet.rooms.join[roomId].timeline).toMatchObject({ events: [], limited: false });
  await house.say(roomId, alice, 'hello');
  const said = await house.next(bob, begin, { filter });
  expect(said.rooms.join[roomId].timeline).toMatchObject({ events: [], limited: true });
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  for (const answer of [
    await house.sync(bob, { filter }),
    await house.next(bob, said, { filter }),
  ]) {
    const { timeline, state } = answer.rooms.leave[roomId];
    expect(timeline).toMatchObject({ events: [], limited: true });
    const own = state.events.filter((each: Answer) => each.state_key === bob);
    expect(own.map((each: Answer) => each.content.membership)).toEqual(['leave']);
  }
});

test('the sending device is told its transaction id, and no other', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const [phone, laptop, other] = [
    await house.sync(alice),
    await house.sync(alice, { deviceId: 'LAPTOP' }),
    await house.sync(bob),
  ];
  const { stateKey: _none, ...message } = draft('m.room.message', { body: 'mine' });
  await house.rooms.send(roomId, message, { deviceId: 'PHONE', txnId: 't1' });
  const txnOf = (answer: Answer) =>
    answer.rooms.join[roomId].timeline.events[0].unsigned.transaction_id;
  expect(txnOf(await house.next(alice, phone))).toBe('t1');
  expect(txnOf(await house.next(alice, laptop, { deviceId: 'LAPTOP' }))).toBeUndefined();
  expect(txnOf(await house.next(bob, other))).toBeUndefined();
});

test('messages of a user who is ignored are left out, their state events are not', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await ignore(house, bob, alice);
  await house.say(roomId, alice, 'spam');
  await setName(house, roomId, 'new');
  const joined = (await house.next(bob, begin)).rooms.join[roomId];
  expect(joined.timeline.events.map((each: Answer) => each.type)).toEqual(['m.room.name']);
  expect(joined.unread_notifications.notification_count).toBe(0);
});

test('with event_format federation events come as servers send them, redacted ones as they were left', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  const redacts = await house.say(roomId, alice, 'secret');
  await house.say(roomId, alice, 'hello');
  await house.rooms.send(
    roomId,
    { sender: alice, type: 'm.room.redaction', content: { redacts } },
    {},
  );
  const filter = { event_format: 'federation', room: { timeline: { limit: 3 } } };
  const joined = (await house.sync(alice, { filter })).rooms.join[roomId];
  const [redacted, message] = joined.timeline.events;
  expect(redacted).toMatchObject({ event_id: redacts, content: {}, signatures: {} });
  expect(message).toMatchObject({ content: { body: 'hello' }, room_id: roomId });
  for (const event of [...joined.timeline.events, ...joined.state.events])
    expect(Object.keys(event)).toEqual(
      expect.arrayContaining(['auth_events', 'prev_events', 'hashes', 'event_id', 'unsigned']),
    );
  expect(JSON.stringify(joined)).not.toContain('secret');
  const plain = (await house.sync(alice, { filter: {} })).rooms.join[roomId];
  expect(plain.timeline.events.at(-1).auth_events).toBeUndefined();
});

const ignore = (house: SyncUnderTest, userId: UserId, whom: UserId) =>
  house.accountData.put(
    { userId, roomId: null, type: 'm.ignored_user_list' },
    { ignored_users: { [whom]: {} } },
  );
