import { expect, test } from 'vitest';
import { alice, bob, bringIn, carol } from '../../test/support/rooms.ts';
import { type Answer, freshSync, openSync, type SyncUnderTest } from '../../test/support/sync.ts';
import type { RoomId, UserId } from '../protocol/identifiers.ts';
import { keySignatureRow } from '../storage/encryption/key-signatures.ts';

test('an initial sync has the rooms with their state and the newest messages', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await house.say(roomId, alice, 'hello');
  const answer = await house.sync(alice);
  const joined = answer.rooms.join[roomId];
  expect(bodies(joined)).toEqual(['hello']);
  const types = [...joined.state.events, ...joined.timeline.events].map((each) => each.type);
  expect(types).toContain('m.room.create');
  expect(joined.timeline.events.every((each: Answer) => each.room_id === undefined)).toBe(true);
  expect(answer.account_data.events.map((each: Answer) => each.type)).toEqual(['m.push_rules']);
  expect(answer.device_one_time_keys_count).toEqual({ signed_curve25519: 0 });
  expect(answer.device_unused_fallback_key_types).toEqual([]);
});

test('the state of an initial sync is that at the start of the timeline', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await setName(house, roomId, 'before');
  for (const body of ['1', '2', '3']) await house.say(roomId, alice, body);
  await setName(house, roomId, 'after');
  const filter = { room: { timeline: { limit: 2 } } };
  const { state, timeline } = (await house.sync(alice, { filter })).rooms.join[roomId];
  expect(timeline.limited).toBe(true);
  expect(content(timeline.events, 'm.room.name').name).toBe('after');
  expect(content(state.events, 'm.room.name').name).toBe('before');
});

test('with use_state_after the state is that at the end of the timeline', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  await setName(house, roomId, 'before');
  const begin = await house.sync(alice);
  await setName(house, roomId, 'after');
  await house.say(roomId, alice, 'hello');
  for (const query of [{}, { since: begin.next_batch }]) {
    const answer = await house.sync(alice, { ...query, stateKey: 'state_after' });
    const joined = answer.rooms.join[roomId];
    expect(content(joined.state_after.events, 'm.room.name').name).toBe('after');
    expect(joined.state).toBeUndefined();
  }
});

test('with use_state_after the section is there also when it is empty', async () => {
  await using house = await freshSync();
  const roomId = await room(house);
  const begin = await house.sync(alice);
  await house.say(roomId, alice, 'hello');
  const stateKey = 'org.matrix.msc4222.state_after';
  const answer = await house.next(alice, begin, { stateKey });
  expect(answer.rooms.join[roomId][stateKey]).toEqual({ events: [] });
});

test('what happens is told once', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'one');
  const first = await house.next(bob, begin);
  expect(bodies(first.rooms.join[roomId])).toEqual(['one']);
  const second = await house.next(bob, first);
  expect(second.rooms).toBeUndefined();
  await house.say(roomId, alice, 'two');
  expect(bodies((await house.next(bob, second)).rooms.join[roomId])).toEqual(['two']);
});

test('a long poll answers as soon as something is committed', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.say(roomId, alice, 'wake up');
  expect(bodies((await waiting).rooms.join[roomId])).toEqual(['wake up']);
});

test('a long poll in which nothing happens ends with an empty answer that goes on from now', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await room(house);
  const begin = await house.sync(bob);
  await room(house, carol);
  const answer = await house.next(bob, begin, { timeoutMs: 50 });
  expect(Object.keys(answer).sort()).toEqual([
    'device_one_time_keys_count',
    'device_unused_fallback_key_types',
    'next_batch',
  ]);
  expect(answer.next_batch).not.toBe(begin.next_batch);
  await house.say(roomId, alice, 'later');
  expect(bodies((await house.next(bob, answer)).rooms.join[roomId])).toEqual(['later']);
});

test('a server that stops ends long polls with an empty and valid answer', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.close();
  const answer = await waiting;
  expect(answer.rooms).toBeUndefined();
  expect(answer.next_batch).toBeDefined();
});

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

test('a change of state that the filter keeps from the timeline is told as state', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, '1');
  await setName(house, roomId, 'new');
  await house.say(roomId, alice, '2');
  const filter = { room: { timeline: { types: ['m.room.message'] } } };
  const joined = (await house.next(bob, begin, { filter })).rooms.join[roomId];
  expect(bodies(joined)).toEqual(['1', '2']);
  expect(content(joined.state.events, 'm.room.name').name).toBe('new');
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

test('an invitation wakes whoever is invited, and shows what room it is', async () => {
  await using house = await freshSync();
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  const roomId = await house.rooms.create(alice, { name: 'The room', invite: [bob] }, {});
  const events = (await waiting).rooms.invite[roomId].invite_state.events;
  expect(content(events, 'm.room.name').name).toBe('The room');
  expect(content(events, 'm.room.create').room_version).toBe('12');
  expect(content(events, 'm.room.member')).toMatchObject({ membership: 'invite' });
  expect(Object.keys(events[0]).sort()).toEqual(['content', 'sender', 'state_key', 'type']);
});

test('an invitation by a user who is ignored is not shown', async () => {
  await using house = await freshSync();
  await ignore(house, bob, alice);
  const begin = await house.sync(bob);
  await house.rooms.create(alice, { invite: [bob] }, {});
  expect((await house.sync(bob)).rooms).toBeUndefined();
  expect((await house.next(bob, begin)).rooms).toBeUndefined();
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

test('whoever joins is told the whole room, and what they may see of its history', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat', name: 'Old' }, {});
  await house.say(roomId, alice, 'before');
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  const answer = await waiting;
  const joined = answer.rooms.join[roomId];
  expect(bodies(joined)).toEqual(['before']);
  const all = [...joined.state.events, ...joined.timeline.events];
  expect(content(all, 'm.room.name').name).toBe('Old');
  expect(joined.summary['m.joined_member_count']).toBe(2);
  expect(answer.device_lists.changed).toContain(alice);
});

test('whoever leaves is told the room up to there and nothing behind it', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'seen');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  await house.say(roomId, alice, 'not seen');
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join).toBeUndefined();
  expect(bodies(answer.rooms.leave[roomId])).toEqual(['seen']);
  expect(answer.rooms.leave[roomId].timeline.events.at(-1)).toMatchObject({
    type: 'm.room.member',
    content: { membership: 'leave' },
  });
  expect(answer.device_lists.left).toEqual([alice]);
  await house.say(roomId, alice, 'never seen');
  expect((await house.next(bob, answer)).rooms).toBeUndefined();
});

test('a ban of somebody who had left is told without the room once more', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'old');
  await house.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'kick' }, {});
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: alice, target: bob, action: 'ban' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(left.timeline.events.map((each: Answer) => each.content.membership)).toEqual(['ban']);
  expect(left.state.events).toEqual([]);
  const after = (await house.next(bob, begin, { stateKey: 'state_after' })).rooms.leave[roomId];
  expect(after.state_after.events).toEqual(left.timeline.events.map(withoutAge));
});

test('whoever came and went between two answers is told the room up to there', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { preset: 'public_chat', name: 'Short' }, {});
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  await house.say(roomId, alice, 'hello');
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(bodies(left)).toEqual(['hello']);
  const all = [...left.state.events, ...left.timeline.events];
  expect(content(all, 'm.room.name').name).toBe('Short');
});

test('an initial sync has left rooms only where the filter asks for them', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  expect((await house.sync(bob)).rooms).toBeUndefined();
  const filter = { room: { include_leave: true } };
  expect(Object.keys((await house.sync(bob, { filter })).rooms.leave)).toEqual([roomId]);
});

test('whoever turns down an invitation is told that it is over, and nothing of the room', async () => {
  await using house = await freshSync();
  const roomId = await house.rooms.create(alice, { invite: [bob] }, {});
  await house.say(roomId, alice, 'private');
  const begin = await house.sync(bob);
  await house.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'leave' }, {});
  const left = (await house.next(bob, begin)).rooms.leave[roomId];
  expect(bodies(left)).toEqual([]);
  expect(left.state.events).toEqual([]);
  expect(left.timeline.events.at(-1)).toMatchObject({ content: { membership: 'leave' } });
});

test('full_state has the state of all rooms again', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const joined = (await house.next(bob, begin, { fullState: true, timeoutMs: 60_000 })).rooms.join[
    roomId
  ];
  expect(joined.timeline.events).toEqual([]);
  expect(content(joined.state.events, 'm.room.create')).toBeDefined();
});

test.each([
  ['a token of the future', 's1.zzzzzzz.0.0'],
  ['a token of an epoch that never was', 's9.1.1.0'],
  ['a token of another kind of server', 's72594_4483_1934'],
])('%s is answered with everything, and every room limited', async (_what, since) => {
  await using house = await freshSync();
  const [here, left] = [await room(house, bob), await room(house, bob)];
  await house.rooms.changeMembership(left, { sender: bob, target: bob, action: 'leave' }, {});
  const mail = new Map([[bob, { PHONE: { secret: 1 } }]]);
  await sendToDevice(house, mail);
  for (let time = 0; time < 2; time++) {
    const answer = await house.sync(bob, { since, timeoutMs: 60_000 });
    expect(answer.rooms.join[here].timeline.limited).toBe(true);
    const all = [
      ...answer.rooms.join[here].state.events,
      ...answer.rooms.join[here].timeline.events,
    ];
    expect(content(all, 'm.room.create')).toBeDefined();
    expect(Object.keys(answer.rooms.leave)).toEqual([left]);
    expect(answer.device_lists.changed).toContain(alice);
    expect(answer.to_device.events).toHaveLength(1);
  }
});

test('after a restart a token goes on where it was', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'before the restart');
  await house.receipts.put(receipt(roomId, alice, (await lastEvent(house, roomId)).eventId));
  await house.accountData.put({ userId: bob, roomId, type: 'm.tag' }, { tags: {} });
  await using again = await openSync(house.fresh);
  await again.say(roomId, alice, 'after it');
  const joined = (await again.next(bob, begin)).rooms.join[roomId];
  expect(bodies(joined)).toEqual(['before the restart', 'after it']);
  expect(joined.ephemeral.events.map((each: Answer) => each.type)).toEqual(['m.receipt']);
  expect(joined.account_data.events).toEqual([{ type: 'm.tag', content: { tags: {} } }]);
  expect(joined.timeline.limited).toBe(false);
});

test('to-device messages come until the token that follows them, then never again', async () => {
  await using house = await freshSync();
  const begin = await house.sync(bob);
  await sendToDevice(house, new Map([[bob, { PHONE: { n: 1 } }]]));
  const first = await house.next(bob, begin);
  expect(first.to_device.events).toEqual([{ sender: alice, type: 'm.test', content: { n: 1 } }]);
  expect((await house.next(bob, begin)).to_device.events).toHaveLength(1);
  const second = await house.next(bob, first);
  expect(second.to_device).toBeUndefined();
  await expect.poll(() => mailCount(house)).toBe(0);
  expect(house.errors).toEqual([]);
});

test('a hundred to-device messages come at a time, in their order', async () => {
  await using house = await freshSync();
  let before = await house.sync(bob);
  for (let n = 0; n < 150; n++) await sendToDevice(house, new Map([[bob, { PHONE: { n } }]]));
  const seen: number[] = [];
  for (const expected of [100, 50]) {
    const answer = await house.next(bob, before);
    expect(answer.to_device.events).toHaveLength(expected);
    seen.push(...answer.to_device.events.map((each: Answer) => each.content.n));
    before = answer;
  }
  expect(seen).toEqual([...Array(150).keys()]);
});

test('account data is told when it changes', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  await house.accountData.put({ userId: bob, roomId: null, type: 'm.direct' }, { a: [] });
  const first = await waiting;
  expect(first.account_data.events).toEqual([{ type: 'm.direct', content: { a: [] } }]);
  await house.accountData.put({ userId: bob, roomId, type: 'm.tag' }, { tags: {} });
  const second = await house.next(bob, first);
  expect(second.account_data).toBeUndefined();
  expect(second.rooms.join[roomId].account_data.events).toHaveLength(1);
});

test('typing is told to the others in the room, and that it ended', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.typing.begins(roomId, alice, 30_000);
  const typing = (answer: Answer) => answer.rooms.join[roomId].ephemeral.events;
  const first = await waiting;
  expect(typing(first)).toEqual([{ type: 'm.typing', content: { user_ids: [alice] } }]);
  house.typing.ends(roomId, alice);
  expect(typing(await house.next(bob, first))).toEqual([
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
  await using again = await openSync(house.fresh);
  expect(typing(await again.next(bob, first))).toEqual([
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
});

test('a private receipt is told to its owner only', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'read me');
  const { eventId } = await lastEvent(house, roomId);
  const [own, other] = [await house.sync(bob), await house.sync(alice)];
  await house.receipts.put({ ...receipt(roomId, bob, eventId), type: 'm.read.private' });
  expect((await house.next(alice, other)).rooms).toBeUndefined();
  const [event] = (await house.next(bob, own)).rooms.join[roomId].ephemeral.events;
  expect(event.content[eventId]['m.read.private'][bob].ts).toBeTypeOf('number');
});

test("a user's receipts of two threads at one event are both told", async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  await house.say(roomId, alice, 'read me');
  const { eventId } = await lastEvent(house, roomId);
  await house.receipts.put(receipt(roomId, bob, eventId));
  await house.receipts.put({ ...receipt(roomId, bob, eventId), threadId: 'main' });
  const { events } = (await house.sync(alice)).rooms.join[roomId].ephemeral;
  const threads = events.map((each: Answer) => each.content[eventId]['m.read'][bob].thread_id);
  expect(threads.sort()).toEqual(['main', undefined]);
});

test('unread messages are counted until they are read, or answered', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  await house.say(roomId, alice, 'one');
  await house.rooms.send(
    roomId,
    {
      sender: alice,
      type: 'm.room.message',
      content: { body: 'bob!', msgtype: 'm.text', 'm.mentions': { user_ids: [bob] } },
    },
    {},
  );
  const counts = (answer: Answer) => answer.rooms.join[roomId].unread_notifications;
  const first = await house.next(bob, begin);
  expect(counts(first)).toEqual({ notification_count: 2, highlight_count: 1 });
  await house.receipts.put(receipt(roomId, bob, (await lastEvent(house, roomId)).eventId));
  const second = await house.next(bob, first);
  expect(counts(second)).toEqual({ notification_count: 0, highlight_count: 0 });
  await house.say(roomId, alice, 'two');
  const third = await house.next(bob, second);
  expect(counts(third).notification_count).toBe(1);
  await house.say(roomId, bob, 'answer');
  expect(counts(await house.next(bob, third)).notification_count).toBe(0);
});

test('a mention of the whole room highlights where the sender may do that', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const mention = { msgtype: 'm.text', body: '@room', 'm.mentions': { room: true } };
  const type = 'm.room.message';
  await house.rooms.send(roomId, { sender: carol, type, content: mention }, {});
  await house.rooms.send(roomId, { sender: alice, type, content: mention }, {});
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join[roomId].unread_notifications).toEqual({
    notification_count: 2,
    highlight_count: 1,
  });
});

test('a rule for the display name finds the name that the user has in the room', async () => {
  await using house = await freshSync();
  house.profiles.set(bob, { displayname: 'Bobby' });
  const roomId = await room(house, bob, carol);
  const begin = await house.sync(bob);
  const rule = {
    rule_id: 'named',
    default: false,
    enabled: true,
    conditions: [{ kind: 'contains_display_name' }],
    actions: ['notify', { set_tweak: 'highlight' }],
  };
  await house.pushRules.edit(bob, (rules) => ({ ...rules, override: [rule, ...rules.override] }));
  await house.say(roomId, alice, 'hey bobby!');
  const { highlight_count } = (await house.next(bob, begin)).rooms.join[roomId]
    .unread_notifications;
  expect(highlight_count).toBe(1);
});

test('unread messages of threads are counted apart where the client asks for it', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const root = await house.say(roomId, alice, 'root');
  const begin = await house.sync(bob);
  await house.rooms.send(
    roomId,
    {
      sender: alice,
      type: 'm.room.message',
      content: { body: 'in it', 'm.relates_to': { rel_type: 'm.thread', event_id: root } },
    },
    {},
  );
  const filter = { room: { timeline: { unread_thread_notifications: true } } };
  const joined = (await house.next(bob, begin, { filter })).rooms.join[roomId];
  expect(joined.unread_notifications.notification_count).toBe(1);
  expect(joined.unread_thread_notifications).toEqual({
    [root]: { notification_count: 1, highlight_count: 0 },
  });
});

test('with lazy loading only senders, heroes and the reader come along, and only once', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  for (let n = 0; n < 5; n++) await house.say(roomId, alice, `${n}`);
  await setName(house, roomId, 'named, so without heroes');
  const filter = {
    room: { state: { lazy_load_members: true }, timeline: { limit: 2 } },
  };
  const members = (answer: Answer) =>
    (answer.rooms.join[roomId].state.events as Answer[])
      .filter((each) => each.type === 'm.room.member')
      .map((each) => each.state_key)
      .sort();
  const first = await house.sync(bob, { filter });
  expect(members(first)).toEqual([alice, bob]);
  await house.say(roomId, alice, 'again');
  const second = await house.next(bob, first, { filter });
  expect(members(second)).toEqual([]);
  await house.say(roomId, carol, 'me too');
  const lost = await house.next(bob, second, { filter });
  expect(members(lost)).toEqual([carol]);
  expect(members(await house.next(bob, second, { filter }))).toEqual([carol]);
  const redundant = { room: { state: { ...filter.room.state, include_redundant_members: true } } };
  expect(members(await house.next(bob, first, { filter: redundant }))).toEqual([alice, carol]);
});

test('a room without a name has heroes, whose membership comes along', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob, carol);
  const filter = { room: { state: { lazy_load_members: true }, timeline: { limit: 1 } } };
  const joined = (await house.sync(bob, { filter })).rooms.join[roomId];
  expect(joined.summary['m.heroes'].toSorted()).toEqual([alice, carol]);
  const keys = [...joined.state.events, ...joined.timeline.events].map((each) => each.state_key);
  expect(keys).toEqual(expect.arrayContaining([alice, bob, carol]));
});

test('keys that change are told to those who share a room', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const [near, far] = [await house.sync(bob), await house.sync(carol)];
  const waiting = house.next(bob, near, { timeoutMs: 60_000 });
  await changeKeys(house, alice);
  expect((await waiting).device_lists).toEqual({ changed: [alice], left: [] });
  expect((await house.next(carol, far)).device_lists).toBeUndefined();
  const since = near.next_batch;
  await using again = await openSync(house.fresh);
  expect((await again.sync(bob, { since })).device_lists.changed).toEqual([alice]);
  const { next_batch: to } = await again.sync(bob);
  const between = await again.deviceLists.between({ userId: bob }, since, to);
  expect(between).toEqual({ changed: [alice], left: [] });
});

test('whose keys a user signed, that user is told, and nobody else who is near', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const [signer, signed] = [await house.sync(bob), await house.sync(alice)];
  await signKeys(house, { of: alice, by: bob });
  expect((await house.next(bob, signer)).device_lists).toEqual({ changed: [alice], left: [] });
  expect((await house.next(alice, signed)).device_lists).toBeUndefined();
  await using again = await openSync(house.fresh);
  const since = signer.next_batch;
  expect((await again.sync(bob, { since })).device_lists.changed).toEqual([alice]);
  expect((await again.sync(alice, { since })).device_lists).toBeUndefined();
});

test('a new display name of somebody in the room is no change of keys', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  house.profiles.set(alice, { displayname: 'Alice' });
  await house.rooms.spreadProfile(alice);
  const answer = await house.next(bob, begin);
  expect(answer.rooms.join).toBeDefined();
  expect(answer.device_lists).toBeUndefined();
});

test('presence is told to those who share a room', async () => {
  await using house = await freshSync();
  await room(house, bob);
  const begin = await house.sync(bob);
  const waiting = house.next(bob, begin, { timeoutMs: 60_000 });
  house.presence.set(alice, 'online', 'here');
  const [event] = (await waiting).presence.events;
  expect(event).toMatchObject({
    type: 'm.presence',
    sender: alice,
    content: { presence: 'online', status_msg: 'here' },
  });
});

test('two devices of one user are told the same', async () => {
  await using house = await freshSync();
  const roomId = await room(house, bob);
  const [one, two] = [await house.sync(bob), await house.sync(bob, { deviceId: 'LAPTOP' })];
  const both = [
    house.next(bob, one, { timeoutMs: 60_000 }),
    house.next(bob, two, { deviceId: 'LAPTOP', timeoutMs: 60_000 }),
  ];
  await house.say(roomId, alice, 'to both');
  for (const answer of await Promise.all(both)) {
    expect(bodies(answer.rooms.join[roomId])).toEqual(['to both']);
    expect(answer.rooms.join[roomId].unread_notifications.notification_count).toBe(1);
  }
});

async function room(house: SyncUnderTest, ...others: UserId[]): Promise<RoomId> {
  const roomId = await house.rooms.create(alice, {}, {});
  await bringIn(house, roomId, ...others);
  return roomId;
}

const draft = (type: string, content: Record<string, string | number>) => ({
  sender: alice,
  type,
  stateKey: '',
  content,
});

const setName = (house: SyncUnderTest, roomId: RoomId, name: string) =>
  house.setState(roomId, draft('m.room.name', { name }));

const withoutAge = (event: Answer) =>
  expect.objectContaining({ event_id: event.event_id, content: event.content });

const bodies = (joined: Answer): string[] =>
  joined.timeline.events
    .filter((each: Answer) => each.type === 'm.room.message')
    .map((each: Answer) => each.content.body);

const content = (events: Answer[], type: string) =>
  events.findLast((each) => each.type === type)?.content;

const ignore = (house: SyncUnderTest, userId: UserId, whom: UserId) =>
  house.accountData.put(
    { userId, roomId: null, type: 'm.ignored_user_list' },
    { ignored_users: { [whom]: {} } },
  );

async function lastEvent(house: SyncUnderTest, roomId: RoomId) {
  const found = await house.rooms.open(roomId);
  const { events } = await found!.timeline({ after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1 });
  return events[0]!;
}

const receipt = (roomId: RoomId, userId: UserId, eventId: Answer) =>
  ({ roomId, userId, eventId, type: 'm.read', threadId: '' }) as const;

const caller = { userId: alice, deviceId: 'PHONE', tokenId: 1, guest: false };
const once = { outcome: () => undefined };

async function sendToDevice(
  { encryption, fresh }: SyncUnderTest & { fresh?: Answer },
  mail: ReadonlyMap<UserId, Record<string, Answer>>,
) {
  for (const [userId, devices] of mail)
    for (const deviceId of Object.keys(devices))
      await fresh.database.query(
        'test_device',
        `INSERT INTO device (user_id, device_id, created_ms) VALUES ($1, $2, 0)
         ON CONFLICT DO NOTHING`,
        [userId, deviceId],
      );
  await encryption.toDevice.send(caller, 'm.test', mail, once);
}

async function mailCount({ fresh }: Answer): Promise<number> {
  const [row] = await fresh.database.query('test_mail', 'SELECT count(*) AS n FROM to_device');
  return row.n;
}

/** As a device does when it uploads its keys. */
async function changeKeys({ encryption }: SyncUnderTest, userId: UserId) {
  const deviceKeys = {
    user_id: userId,
    device_id: 'PHONE',
    algorithms: [],
    keys: { 'ed25519:PHONE': 'key' },
    signatures: {},
  };
  const upload = { deviceKeys, oneTimeKeys: {}, fallbackKeys: {} };
  await encryption.deviceKeys.upload({ ...caller, userId }, upload, once);
}

/** As POST /keys/signatures/upload does, without the signature that it checks. */
const signKeys = ({ writer }: SyncUnderTest, { of, by }: { of: UserId; by: UserId }) =>
  writer.commit((next) => {
    const position = next();
    const row = keySignatureRow(
      {
        targetUserId: of,
        targetKeyId: 'MASTER',
        signerUserId: by,
        signerKeyId: 'ed25519:USER',
        signature: 'S',
      },
      position,
    );
    const record = { kind: 'key-signature', userId: by, targetId: of } as const;
    return {
      change: { rows: [row], records: [{ position, record }], touches: [] },
      value: undefined,
    };
  });
