import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startPeer } from '../../../test/support/federation-peer.ts';
import {
  type ReceivingHome,
  receivingHome,
  says,
  userOf,
} from '../../../test/support/receiving-home.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const edu = (edu_type: string, content: JsonObject): JsonObject => ({ edu_type, content });

const typing = (room_id: string, user_id: string, isTyping = true) =>
  edu('m.typing', { room_id, user_id, typing: isTyping });

const ephemeralOf = (answer: { rooms?: { join?: JsonObject } }, roomId: string) =>
  ((answer.rooms?.join?.[roomId] as JsonObject | undefined)?.ephemeral as JsonObject)?.events;

test('who types at another server is shown to type, and ceases', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  await shared.send(shared.peer, { edus: [typing(shared.roomId, shared.bob)] });
  const typist = (user_ids: JsonValue) => [{ type: 'm.typing', content: { user_ids } }];
  expect(ephemeralOf(await shared.sync(), shared.roomId)).toEqual(typist([shared.bob]));
  await shared.send(shared.peer, { edus: [typing(shared.roomId, shared.bob, false)] });
  expect(ephemeralOf(await shared.sync(), shared.roomId)).toEqual(typist([]));
});

test('a receipt of another server is shown with the time that it says', async () => {
  const shared = await receivingHome(authority);
  const said = await shared.home.say('read this', shared.roomId);
  await shared.sync();
  const read = { [shared.bob]: { data: { ts: 5 }, event_ids: [said] } };
  const late = { [shared.bob]: { data: { ts: 9 ** 17 }, event_ids: [said] } };
  await shared.send(shared.peer, {
    edus: [edu('m.receipt', { [shared.roomId]: { 'm.read': read, 'm.read.private': late } })],
  });
  expect(ephemeralOf(await shared.sync(), shared.roomId)).toEqual([
    { type: 'm.receipt', content: { [said]: { 'm.read': { [shared.bob]: { ts: 5 } } } } },
  ]);
});

test('a message to a device does not wait for events beside it that take their time', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const { receiver } = shared.home.server.features.rooms;
  const [receive, slow] = [receiver.receive.bind(receiver), Promise.withResolvers<void>()];
  receiver.receive = async (...what) => {
    await slow.promise;
    return receive(...what);
  };
  const messages = { [`@alice:${shared.name}`]: { '*': { session_key: 'x' } } };
  const key = { sender: shared.bob, type: 'm.room_key', message_id: 'key', messages };
  const { pdu, eventId } = await shared.event(says(shared.bob, 'late'));
  const content = { pdus: [pdu], edus: [edu('m.direct_to_device', key)] };
  const answer = shared.send(shared.peer, content, 'slow');
  await expect
    .poll(async () => (await shared.sync()).to_device?.events ?? [])
    .toEqual([{ sender: shared.bob, type: 'm.room_key', content: { session_key: 'x' } }]);
  expect(await shared.bodies()).toEqual([]);
  slow.resolve();
  expect(await answer).toEqual({ status: 200, body: { pdus: { [eventId]: {} } } });
  expect(await shared.count('federation_message')).toBe(1);
});

test('a message to a device arrives once, however often it is sent', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const alice = `@alice:${shared.name}`;
  const message = (message_id: string, body: string) =>
    edu('m.direct_to_device', {
      ...{ sender: shared.bob, type: 'm.test', message_id },
      messages: { [alice]: { '*': { body } } },
    });
  const edus = [message('one', 'first'), message('two', 'second')];
  await shared.send(shared.peer, { edus });
  await shared.home.restart();
  await shared.send(shared.peer, { edus: [...edus, ...edus, message('three', 'third')] });
  const { to_device } = await shared.sync();
  expect(to_device.events).toEqual(
    ['first', 'second', 'third'].map((body) => ({
      ...{ sender: shared.bob, type: 'm.test', content: { body } },
    })),
  );
});

test('more messages to devices than one batch holds all arrive, each once, and one too large by itself stops no other', async () => {
  const shared = await receivingHome(authority);
  const message = (message_id: string, length: number) =>
    edu('m.direct_to_device', {
      ...{ sender: shared.bob, type: 'm.test', message_id },
      messages: { [`@alice:${shared.name}`]: { '*': { body: 'x'.repeat(length), message_id } } },
    });
  const before = ['0', '1', '2', '3'].map((id) => message(id, 1_500_000));
  const edus = [before[0]!, message('too large', 4_200_000), ...before.slice(1)];
  const half = { edus: edus.slice(0, 4) };
  for (const content of [half, half, { edus: edus.slice(2) }])
    expect((await shared.send(shared.peer, content)).status).toBe(200);
  const left = await shared.home.server.fresh.database.query<{ json: string }>(
    'left_for_devices',
    'SELECT json FROM to_device ORDER BY position',
  );
  const ids = left.map(({ json }) => JSON.parse(json).content.message_id);
  expect(ids).toEqual(['0', '1', '2', '3']);
});

test('two servers may give their messages the same id', async () => {
  const shared = await receivingHome(authority);
  const other = await startPeer(authority);
  await shared.sync();
  for (const peer of [shared.peer, other])
    await shared.send(peer, {
      edus: [
        edu('m.direct_to_device', {
          ...{ sender: userOf(peer), type: 'm.test', message_id: 'same' },
          messages: { [`@alice:${shared.name}`]: { '*': {} } },
        }),
      ],
    });
  expect((await shared.sync()).to_device.events).toHaveLength(2);
});

test.each(['m.device_list_update', 'm.signing_key_update'])(
  'whoever shares a room is told by %s to ask for the keys again, and nothing is kept of strangers',
  async (type) => {
    const shared = await receivingHome(authority);
    await shared.sync();
    const changed = (user_id: string) => edu(type, { user_id, device_id: 'D', stream_id: 3 });
    const stranger = userOf(shared.peer, 'stranger');
    const before = await shared.count('device_list');
    await shared.send(shared.peer, { edus: [changed(shared.bob), changed(stranger)] });
    expect((await shared.sync()).device_lists.changed).toEqual([shared.bob]);
    expect(await shared.count('device_list')).toBe(before + 1);
  },
);

test('who is there at another server is told to those who share a room', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const push = [
    { user_id: shared.bob, presence: 'unavailable', status_msg: 'away', last_active_ago: 70_000 },
    { user_id: userOf(shared.peer, 'stranger'), presence: 'online', last_active_ago: 1 },
  ];
  await shared.send(shared.peer, { edus: [edu('m.presence', { push })] });
  const content = { presence: 'unavailable', status_msg: 'away', last_active_ago: 70_000 };
  const told = async (): Promise<JsonObject[]> => {
    const { presence } = await shared.sync(2_000);
    const others = (presence?.events ?? []).filter(
      ({ sender }: JsonObject) => sender !== `@alice:${shared.name}`,
    );
    return others.length > 0 ? others : told();
  };
  expect(await told()).toEqual([{ type: 'm.presence', sender: shared.bob, content }]);
  const stranger = userOf(shared.peer, 'stranger');
  expect(shared.home.server.features.presence.of(stranger)).toEqual({ presence: 'offline' });
});

/** What a server may not say, by what is wrong with it. */
const WRONG: [string, (shared: ReceivingHome) => JsonObject[]][] = [
  ['typing of a user of ours', ({ roomId, name }) => [typing(roomId, `@alice:${name}`)]],
  ['typing of who is not there', ({ roomId, peer }) => [typing(roomId, userOf(peer, 'eve'))]],
  ['typing in a room that is not here', ({ bob }) => [typing('!lost:far.example', bob)]],
  [
    'receipts of a user of ours',
    ({ roomId, name }) => [
      edu('m.receipt', {
        [roomId]: { 'm.read': { [`@alice:${name}`]: { data: {}, event_ids: ['$x'] } } },
      }),
    ],
  ],
  [
    'messages in the name of others',
    ({ name, peer }) =>
      [`@alice:${name}`, '@eve:elsewhere.org', `@eve:${peer.name}x`, 7].map((sender) =>
        edu('m.direct_to_device', {
          ...{ sender, type: 'm.test', message_id: 'm' },
          messages: { [`@alice:${name}`]: { '*': {} } },
        }),
      ),
  ],
  [
    'device lists of others',
    ({ name }) => [edu('m.device_list_update', { user_id: `@alice:${name}`, stream_id: 1 })],
  ],
  [
    'presence of others',
    ({ name }) => [
      edu('m.presence', { push: [{ user_id: `@alice:${name}`, presence: 'unavailable' }] }),
    ],
  ],
  [
    'what is none at all',
    ({ bob }) => [
      ...[{}, { edu_type: 7 }, { edu_type: 'm.typing' }, edu('m.unknown', { user_id: bob })],
      ...['m.typing', 'm.receipt', 'm.presence', 'm.direct_to_device'].flatMap((type) => [
        edu(type, {}),
        edu(type, { push: 7, room_id: {}, user_id: [], messages: 'x', sender: null }),
        edu(type, { '!r:x': { 'm.read': { '@a:b': 7 } }, push: [7, null, {}] }),
      ]),
      edu('m.device_list_update', { user_id: { a: 1 } }),
    ],
  ],
];

test.each(WRONG)('%s takes no effect, and what came with it does', async (_what, wrong) => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const { pdu, eventId } = await shared.event(says(shared.bob, 'beside'));
  const reply = await shared.send(shared.peer, { pdus: [pdu], edus: wrong(shared) });
  expect(reply).toEqual({ status: 200, body: { pdus: { [eventId]: {} } } });
  const { rooms, to_device, device_lists, presence } = await shared.sync();
  expect(Object.keys(rooms.join)).toEqual([shared.roomId]);
  expect(rooms.join[shared.roomId].timeline.events).toHaveLength(1);
  expect(rooms.join[shared.roomId].ephemeral?.events ?? []).toEqual([]);
  expect([to_device?.events ?? [], device_lists?.changed ?? []]).toEqual([[], []]);
  const others = (presence?.events ?? []).filter(
    ({ content }: { content: JsonObject }) => content.presence !== 'online',
  );
  expect(others).toEqual([]);
});
