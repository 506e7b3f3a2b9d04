import { ClientEvent, type MatrixClient, RelationType, Visibility } from 'matrix-js-sdk';
import { InteractiveAuth } from 'matrix-js-sdk/lib/interactive-auth.js';
import { RoomHierarchy } from 'matrix-js-sdk/lib/room-hierarchy.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventIn, login, messageIn, register, roomOf, until } from './sdk.ts';
import { npmStart, type ServerUnderTest } from './server.ts';

/** Threads, edits, spaces, the directory, upgrades, search, and a stage in a browser, as matrix-js-sdk asks for them. */

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('a device that comes later sees a message as it was edited, and its thread with what was said last', async () => {
  const account = await register(server.url, 'alice');
  using first = await login(server.url, account);
  const { room_id: roomId } = await first.createRoom({});
  const root = (await first.sendTextMessage(roomId, 'root')).event_id;
  await first.sendEvent(roomId, 'm.room.message' as never, edited(root, 'root, edited') as never);
  await first.sendMessage(roomId, root, { msgtype: 'm.text', body: 'in the thread' } as never);
  for (let n = 0; n < 30; n++) await first.sendTextMessage(roomId, `${n}`);
  using second = await login(server.url, account);
  const room = await roomOf(second, roomId);
  const timeline = await second.getEventTimeline(room.getUnfilteredTimelineSet(), root);
  const event = timeline!.getEvents().find((each) => each.getId() === root)!;
  expect(event.replacingEvent()?.getContent()['m.new_content']).toMatchObject({
    body: 'root, edited',
  });
  const summary = event.getServerAggregatedRelation<{ count: number }>('m.thread');
  expect(summary).toMatchObject({ count: 1, current_user_participated: true });
  const { chunk } = await second.createThreadListMessagesRequest(roomId, null);
  expect(chunk.map((each) => each.event_id)).toEqual([root]);
  const { events } = await second.relations(roomId, root, RelationType.Thread, null);
  expect(events.map((each) => each.getContent().body)).toEqual(['in the thread']);
});

test('a space is looked through, and a room of the directory found and joined', async () => {
  const [alice, bob] = [await register(server.url, 'alice'), await register(server.url, 'bob')];
  using a = await login(server.url, alice);
  using b = await login(server.url, bob);
  const made = (name: string, type?: string) =>
    a.createRoom({
      ...{ name, visibility: Visibility.Public, preset: 'public_chat' as never },
      ...(type !== undefined && { creation_content: { type } }),
    });
  const { room_id: spaceId } = await made('Space', 'm.space');
  const { room_id: roomId } = await made('Garden');
  await a.sendStateEvent(spaceId, 'm.space.child' as never, { via: ['x.org'] } as never, roomId);
  await b.joinRoom(spaceId);
  const hierarchy = new RoomHierarchy(await roomOf(b, spaceId), 10);
  await hierarchy.load();
  expect(hierarchy.rooms?.map((each) => each.name)).toEqual(['Space', 'Garden']);
  expect((await b.getRoomSummary(roomId)).name).toBe('Garden');
  const found = await b.publicRooms({ filter: { generic_search_term: 'garden' } });
  expect(found.chunk.map((each) => each.room_id)).toContain(roomId);
  await joinedAndHeard(a, b, roomId);
  expect(await b._unstable_getSharedRooms(alice.userId)).toEqual([roomId, spaceId].sort());
});

test('who was in a room that is upgraded finds the way to the new one, and back', async () => {
  const [alice, bob] = [await register(server.url, 'alice'), await register(server.url, 'bob')];
  using a = await login(server.url, alice);
  using b = await login(server.url, bob);
  const { room_id: oldId } = await a.createRoom({ name: 'Garden', invite: [bob.userId] });
  await roomOf(b, oldId, 'invite');
  await b.joinRoom(oldId);
  const { replacement_room: newId } = await a.upgradeRoom(oldId, '12');
  const tombstone = await eventIn(b, oldId, (event) => event.getType() === 'm.room.tombstone');
  expect(tombstone.getContent().replacement_room).toBe(newId);
  await a.invite(newId, bob.userId);
  await b.joinRoom(newId);
  const room = await roomOf(b, newId);
  expect([room.name, room.getVersion()]).toEqual(['Garden', '12']);
  expect(room.findPredecessor()?.roomId).toBe(oldId);
  await expect(b.sendTextMessage(oldId, 'too late')).rejects.toMatchObject({
    errcode: 'M_FORBIDDEN',
  });
});

test('what was said is found by a word of it, whatever its case and accents', async () => {
  using client = await login(server.url, await register(server.url, 'alice'));
  const { room_id: roomId } = await client.createRoom({});
  const { event_id } = await client.sendTextMessage(roomId, 'A AÇÃO do farol');
  await client.sendTextMessage(roomId, 'something else');
  // The index follows behind the commit.
  const found = async () => {
    const { results } = await client.searchRoomEvents({ term: 'ação' });
    return results.map(({ context }) => context.getEvent().getId());
  };
  await expect.poll(found).toEqual([event_id]);
});

test('a password that is typed in a browser lets the client go on that had asked for it', async () => {
  const account = await register(server.url, 'alice');
  using kept = await login(server.url, account);
  using lost = await login(server.url, account);
  const auth: InteractiveAuth<object> = new InteractiveAuth({
    matrixClient: kept,
    doRequest: (said) => kept.deleteDevice(lost.getDeviceId()!, said ?? undefined),
    stateUpdated(stage) {
      const session = auth.getSessionId()!;
      const page = kept.getFallbackAuthUrl(stage, session);
      const body = new URLSearchParams({ session, password: account.password });
      void fetch(page, { method: 'POST', body }).then(() => auth.poll());
    },
    requestEmailToken: () => Promise.reject(new Error('there is no mail')),
  });
  await auth.attemptAuth();
  const { devices } = await kept.getDevices();
  expect(devices.map(({ device_id }) => device_id)).not.toContain(lost.getDeviceId());
});

async function joinedAndHeard(a: MatrixClient, b: MatrixClient, roomId: string) {
  await b.joinRoom(roomId);
  await roomOf(b, roomId);
  await a.sendTextMessage(roomId, 'welcome');
  await messageIn(b, roomId, 'welcome');
  const { event_id, origin_server_ts } = await b.timestampToEvent(roomId, 0, 'f' as never);
  expect([typeof event_id, typeof origin_server_ts]).toEqual(['string', 'number']);
  await until(b, ClientEvent.Sync, () => b.getRoom(roomId)?.getJoinedMemberCount() === 2);
}

const edited = (event_id: string, body: string) => ({
  ...{ msgtype: 'm.text', body: `* ${body}` },
  'm.new_content': { msgtype: 'm.text', body },
  'm.relates_to': { rel_type: 'm.replace', event_id },
});
