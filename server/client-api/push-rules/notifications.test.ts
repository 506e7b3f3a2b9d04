import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';
import type { JsonObject } from '../../protocol/json.ts';

test('what one was notified of in all rooms is listed newest first, with what was read, in pages', async () => {
  await using bench = await workbench();
  const [one, two] = [await bench.room(), await bench.room()];
  await bench.say('alice', one, 'before Bob joined');
  await bench.join(one);
  await bench.join(two);
  const read = await bench.say('alice', one, 'read');
  await bench.say('bob', one, 'my own');
  const unread = await bench.say('alice', two, 'unread');
  const mention = await bench.say('alice', one, 'look', { user_ids: ['@bob:example.org'] });
  await bench.receipt(one, read);
  const all = await bench.notifications();
  expect(all.notifications).toMatchObject([
    {
      ...{ room_id: one, read: false, ts: bench.api.clock.ms },
      actions: ['notify', { set_tweak: 'sound', value: 'default' }, { set_tweak: 'highlight' }],
      event: { event_id: mention, content: { body: 'look' } },
    },
    { room_id: two, read: false, event: { event_id: unread } },
    { room_id: one, read: true, event: { event_id: read } },
  ]);
  expect(all).not.toHaveProperty('next_token');
  const highlights = await bench.notifications('?only=highlight');
  expect(idsIn(highlights)).toEqual([mention]);
  const first = await bench.notifications('?limit=2');
  expect(idsIn(first)).toEqual([mention, unread]);
  expect(idsIn(await bench.notifications(`?limit=2&from=${first.next_token}`))).toEqual([read]);
});

test('in a busy room nothing of the others is passed over', async () => {
  await using bench = await workbench();
  const [busy, quiet] = [await bench.room(), await bench.room()];
  await bench.join(busy);
  await bench.join(quiet);
  const said: string[] = [await bench.say('alice', quiet, 'early')];
  for (let n = 0; n < 25; n++) said.push(await bench.say('alice', busy, `${n}`));
  said.push(await bench.say('alice', quiet, 'late'));
  const found: unknown[] = [];
  for (let token = ''; ; ) {
    const page = await bench.notifications(`?limit=7${token && `&from=${token}`}`);
    found.push(...idsIn(page));
    if (typeof page.next_token !== 'string') break;
    token = page.next_token;
  }
  expect(found).toEqual(said.toReversed());
  expect(idsIn(await bench.notifications('?limit=100'))).toEqual(said.toReversed());
});

test('whom one ignores, what is muted and rooms that one left do not notify', async () => {
  await using bench = await workbench();
  const [room, muted, left] = [await bench.room(), await bench.room(), await bench.room()];
  for (const each of [room, muted, left]) await bench.join(each);
  for (const each of [room, muted, left]) await bench.say('alice', each, 'hello');
  const { ask, tokens } = bench;
  const token = tokens.bob;
  const rule = `/pushrules/global/room/${encodeURIComponent(muted)}`;
  await ask(`PUT ${rule}`, { token, body: { actions: [] } });
  await ask(`POST /rooms/${encodeURIComponent(left)}/leave`, { token, body: {} });
  const rooms = ({ notifications }: JsonObject) =>
    new Set((notifications as JsonObject[]).map((each) => each.room_id));
  expect(rooms(await bench.notifications())).toEqual(new Set([room]));
  await ask('PUT /user/@bob:example.org/account_data/m.ignored_user_list', {
    ...{ token, body: { ignored_users: { '@alice:example.org': {} } } },
  });
  expect((await bench.notifications()).notifications).toEqual([]);
  const refused = await ask('GET /notifications?from=x', { token });
  expect([refused.status, refused.body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
});

const idsIn = ({ notifications }: JsonObject) =>
  (notifications as { event: JsonObject }[]).map(({ event }) => event.event_id);

async function workbench() {
  const api = await startApi();
  const tokens = { alice: await api.register('alice'), bob: await api.register('bob') };
  const { ask } = api;
  let txn = 0;
  return {
    ...{ api, ask, tokens },
    async room(): Promise<string> {
      const body = { preset: 'public_chat' };
      return (await ask('POST /createRoom', { token: tokens.alice, body })).body.room_id;
    },
    join: (roomId: string) =>
      ask(`POST /rooms/${encodeURIComponent(roomId)}/join`, { token: tokens.bob, body: {} }),
    async say(who: 'alice' | 'bob', roomId: string, body: string, mentions?: JsonObject) {
      const content = { msgtype: 'm.text', body, ...(mentions && { 'm.mentions': mentions }) };
      const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/t${txn++}`;
      const sent = await ask(`PUT ${path}`, { token: tokens[who], body: content });
      return sent.body.event_id as string;
    },
    async receipt(roomId: string, eventId: string) {
      const path = `/rooms/${encodeURIComponent(roomId)}/receipt/m.read/${encodeURIComponent(eventId)}`;
      expect((await ask(`POST ${path}`, { token: tokens.bob, body: {} })).status).toBe(200);
    },
    async notifications(query = ''): Promise<JsonObject> {
      const { status, body } = await ask(`GET /notifications${query}`, { token: tokens.bob });
      expect(status).toBe(200);
      return body;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
