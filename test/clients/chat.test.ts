import {
  ClientEvent,
  EventType,
  MsgType,
  type Room,
  RoomMemberEvent,
  Visibility,
} from 'matrix-js-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventIn, login, messageIn, register, roomOf, until } from './sdk.ts';
import { npmStart, type ServerUnderTest } from './server.ts';

/** People chat through matrix-js-sdk, against a server as `npm start` runs it. */

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('two people chat in a room that one invited the other to', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const { room_id: roomId } = await a.createRoom({ name: 'Tea', invite: [b.getUserId()!] });
  const invited = await roomOf(b, roomId, 'invite');
  expect(invited.name).toBe('Tea');
  await b.joinRoom(roomId);
  await roomOf(b, roomId);
  await a.sendTextMessage(roomId, 'hello');
  const received = await messageIn(b, roomId, 'hello');
  expect(received.getSender()).toBe(a.getUserId());
  await b.sendTextMessage(roomId, 'hello yourself');
  await messageIn(a, roomId, 'hello yourself');
});

test('an echo of a message takes the place of the one that the sender shows', async () => {
  const [alice] = await people('alice');
  using a = alice;
  const { room_id: roomId } = await a.createRoom({});
  const room = await roomOf(a, roomId);
  const { event_id: eventId } = await a.sendTextMessage(roomId, 'once');
  await until(a, ClientEvent.Sync, () => room.findEventById(eventId)?.status === null);
  const same = room
    .getLiveTimeline()
    .getEvents()
    .filter((each) => each.getContent().body === 'once');
  expect(same).toHaveLength(1);
});

test('a message that is redacted is gone for everybody', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const roomId = await together(a, b);
  const { event_id: eventId } = await a.sendTextMessage(roomId, 'a slip');
  await messageIn(b, roomId, 'a slip');
  await a.redactEvent(roomId, eventId, undefined, { reason: 'slip' });
  await until(b, ClientEvent.Sync, () => b.getRoom(roomId)?.findEventById(eventId)?.isRedacted());
  const read = await a.fetchRoomEvent(roomId, eventId);
  expect(read.content).toEqual({});
});

test('names, topics and power levels change for everybody', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const roomId = await together(a, b);
  await a.setRoomName(roomId, 'New name');
  await a.setRoomTopic(roomId, 'On topic');
  await a.setPowerLevel(roomId, b.getUserId()!, 50);
  await until(b, ClientEvent.Sync, () => b.getRoom(roomId)?.name === 'New name');
  await until(
    b,
    ClientEvent.Sync,
    () => b.getRoom(roomId)?.getMember(b.getUserId()!)?.powerLevel === 50,
  );
  await b.setDisplayName('Bob the Builder');
  await until(
    a,
    ClientEvent.Sync,
    () => a.getRoom(roomId)?.getMember(b.getUserId()!)?.name === 'Bob the Builder',
  );
});

test('who types is shown, and who has read', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const roomId = await together(a, b);
  await b.sendTyping(roomId, true, 30_000);
  const member = () => a.getRoom(roomId)?.getMember(b.getUserId()!);
  await until(a, RoomMemberEvent.Typing, () => member()?.typing);
  await b.sendTyping(roomId, false, 0);
  await until(a, RoomMemberEvent.Typing, () => member()?.typing === false);
  await a.sendTextMessage(roomId, 'read me');
  const event = await messageIn(b, roomId, 'read me');
  expect(b.getRoom(roomId)?.getUnreadNotificationCount()).toBe(1);
  await b.sendReadReceipt(event);
  await until(a, ClientEvent.Sync, () =>
    a.getRoom(roomId)?.hasUserReadEvent(b.getUserId()!, event.getId()!),
  );
  await until(b, ClientEvent.Sync, () => b.getRoom(roomId)?.getUnreadNotificationCount() === 0);
});

test('older messages are paged in', async () => {
  const [alice] = await people('alice');
  using a = alice;
  const { room_id: roomId } = await a.createRoom({});
  for (let n = 0; n < 60; n++) await a.sendTextMessage(roomId, `message ${n}`);
  using again = await login(server.url, accountOf(a));
  const room = await roomOf(again, roomId);
  const bodies = () =>
    room
      .getLiveTimeline()
      .getEvents()
      .map((each) => each.getContent().body)
      .filter(Boolean);
  expect(bodies().length).toBeLessThan(60);
  while (room.getLiveTimeline().getPaginationToken('b' as never) !== null)
    await again.paginateEventTimeline(room.getLiveTimeline(), { backwards: true, limit: 30 });
  expect(bodies()).toEqual([...Array(60).keys()].map((n) => `message ${n}`));
});

test('members are loaded when they are wanted', async () => {
  const [alice, bob, carol] = await people('alice', 'bob', 'carol');
  using a = alice;
  using b = bob;
  using c = carol;
  const roomId = await together(a, b, c);
  for (let n = 0; n < 25; n++) await a.sendTextMessage(roomId, `${n}`);
  using lazy = await login(server.url, accountOf(b), { lazyLoadMembers: true });
  const room = await roomOf(lazy, roomId);
  expect(room.getJoinedMemberCount()).toBe(3);
  await room.loadMembersIfNeeded();
  expect(joinedIn(room)).toEqual([a, b, c].map((each) => each.getUserId()).sort());
});

test('who is kicked and banned is out, and may not come back', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const roomId = await together(a, b);
  await a.kick(roomId, b.getUserId()!, 'enough');
  await roomOf(b, roomId, 'leave');
  await a.ban(roomId, b.getUserId()!, 'really');
  const own = () => b.getRoom(roomId)?.getMember(b.getUserId()!)?.membership;
  await until(b, ClientEvent.Sync, () => own() === 'ban');
  await expect(b.joinRoom(roomId)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
});

test('a public room is joined by its alias', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const alias = `tea-${crypto.randomUUID().slice(0, 8)}`;
  const { room_id: roomId } = await a.createRoom({
    preset: 'public_chat' as never,
    visibility: Visibility.Public,
    room_alias_name: alias,
  });
  await b.joinRoom(`#${alias}:localhost`);
  expect((await roomOf(b, roomId)).getCanonicalAlias()).toBe(`#${alias}:localhost`);
});

test('account data, tags and a logout are known to the other devices', async () => {
  const [alice] = await people('alice');
  using a = alice;
  using second = await login(server.url, accountOf(a));
  const { room_id: roomId } = await a.createRoom({});
  await a.setAccountData('org.example.colour' as never, { colour: 'red' } as never);
  await until(second, ClientEvent.AccountData, () =>
    second.getAccountData('org.example.colour' as never),
  );
  await a.setRoomTag(roomId, 'm.favourite', { order: 0.5 });
  await until(second, ClientEvent.Sync, () => second.getRoom(roomId)?.tags['m.favourite']);
  await a.logout(true);
  await expect(a.whoami()).rejects.toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
  expect((await second.whoami()).user_id).toBe(second.getUserId());
});

test('messages between devices arrive', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const arrived = new Promise<unknown>((resolve) =>
    b.on(ClientEvent.ToDeviceEvent, (event) => resolve(event.getContent())),
  );
  const contents = new Map([[b.getUserId()!, new Map([['*', { body: 'psst' }]])]]);
  await a.sendToDevice('org.example.whisper', contents);
  expect(await arrived).toMatchObject({ body: 'psst' });
});

test('a message of another type, with a reply and a reaction, arrives as it was sent', async () => {
  const [alice, bob] = await people('alice', 'bob');
  using a = alice;
  using b = bob;
  const roomId = await together(a, b);
  const { event_id: eventId } = await a.sendMessage(roomId, {
    msgtype: MsgType.Emote,
    body: 'waves 👋',
  });
  await b.sendEvent(roomId, EventType.Reaction, {
    'm.relates_to': { rel_type: 'm.annotation' as never, event_id: eventId, key: '👍' },
  });
  const reaction = await eventIn(a, roomId, (each) => each.getType() === 'm.reaction');
  expect(reaction.getRelation()).toMatchObject({ event_id: eventId, key: '👍' });
});

type Client = Awaited<ReturnType<typeof login>>;

const accounts = new Map<string, { userId: string; password: string }>();
const accountOf = (client: Client) => accounts.get(client.getUserId()!)!;

async function people(...names: string[]): Promise<[Client, Client, Client]> {
  const clients = names.map(async (name) => {
    const account = await register(server.url, name);
    accounts.set(account.userId, account);
    return login(server.url, account);
  });
  return (await Promise.all(clients)) as [Client, Client, Client];
}

/** A room of the first, which the others have joined; all have heard of all. */
async function together(first: Client, ...others: Client[]): Promise<string> {
  const invite = others.map((each) => each.getUserId()!);
  const { room_id: roomId } = await first.createRoom({ invite });
  for (const other of others) await other.joinRoom(roomId);
  for (const client of [first, ...others]) {
    const room = await roomOf(client, roomId);
    await until(client, ClientEvent.Sync, () => joinedIn(room).length === invite.length + 1);
  }
  return roomId;
}

const joinedIn = (room: Room): string[] =>
  room
    .getJoinedMembers()
    .map((each) => each.userId)
    .sort();
