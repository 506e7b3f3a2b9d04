import { expect, test } from 'vitest';
import { mounted } from '../../../test/support/mounted.ts';
import { openGate, unlimited } from '../../../test/support/open-gate.ts';
import { alice, bob, bringIn, carol } from '../../../test/support/rooms.ts';
import { type Answer, freshSync } from '../../../test/support/sync.ts';
import { ratesOf } from '../../config/rates.ts';
import { configSchema } from '../../config/schema.ts';
import { RateLimits } from '../../http/rate-limits.ts';
import { serve } from '../../http/serve.ts';
import { syncEndpoints } from './endpoints.ts';

const ROOM = '!room:example.org';

test.each([
  ['GET', '/sync'],
  ['PUT', `/rooms/${ROOM}/typing/${alice}`],
  ['POST', `/rooms/${ROOM}/receipt/m.read/$event`],
  ['POST', `/rooms/${ROOM}/read_markers`],
  ['GET', `/presence/${alice}/status`],
  ['PUT', `/presence/${alice}/status`],
])('%s %s is for users only', async (method, path) => {
  await using server = await start();
  const without = await server.ask(method, path, { token: undefined, body: {} });
  expect(without).toMatchObject({ status: 401, body: { errcode: 'M_MISSING_TOKEN' } });
  const wrong = await server.ask(method, path, { token: 'mallory-token', body: {} });
  expect(wrong).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
});

test('GET /sync answers with what there is, and waits for more', async () => {
  await using server = await start();
  const { status, body } = await server.ask('GET', '/sync?set_presence=offline');
  expect(status).toBe(200);
  expect(Object.keys(body.rooms.join)).toEqual([server.roomId]);
  const waiting = server.ask(
    'GET',
    `/sync?set_presence=offline&timeout=60000&since=${body.next_batch}`,
  );
  await server.house.say(server.roomId, bob, 'hello');
  const { timeline } = (await waiting).body.rooms.join[server.roomId];
  expect(timeline.events[0].content.body).toBe('hello');
});

test('GET /sync takes a filter as JSON or by its id', async () => {
  await using server = await start();
  const filter = { room: { rooms: [] } };
  const inline = encodeURIComponent(JSON.stringify(filter));
  expect((await server.ask('GET', `/sync?filter=${inline}`)).body.rooms).toBeUndefined();
  const id = await server.house.filters.define(alice, filter);
  expect((await server.ask('GET', `/sync?filter=${id}`)).body.rooms).toBeUndefined();
});

test.each([
  ['a filter that nobody stored', 'filter=nonsense', 404, 'M_NOT_FOUND'],
  ['a filter that is cut off', 'filter={"room":', 400, 'M_INVALID_PARAM'],
  [
    'a filter with a wrong type',
    'filter={"room":{"timeline":{"types":"x"}}}',
    400,
    'M_INVALID_PARAM',
  ],
  ['a timeout that is no number', 'timeout=soon', 400, 'M_INVALID_PARAM'],
  ['an unknown presence', 'set_presence=here', 400, 'M_INVALID_PARAM'],
  ['a full_state that is neither', 'full_state=maybe', 400, 'M_INVALID_PARAM'],
])('GET /sync refuses %s', async (_what, query, status, errcode) => {
  await using server = await start();
  expect(await server.ask('GET', `/sync?${query}`)).toMatchObject({ status, body: { errcode } });
});

test('a user who asks for everything all the time is told to wait, whichever way they ask', async () => {
  const rates = ratesOf(configSchema.shape.rateLimits.parse({}));
  await using server = await start({ rateLimits: new RateLimits(rates, () => 0) });
  const { next_batch: since } = (await server.ask('GET', '/sync')).body;
  const whole = ['', '&since=nonsense', `&since=${since}&full_state=true`];
  let last: Answer;
  for (let time = 0; time < 30; time++)
    last = await server.ask('GET', `/sync?set_presence=offline${whole[time % 3]}`);
  expect(last).toMatchObject({ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED' } });
  const next = () => server.ask('GET', `/sync?set_presence=offline&since=${since}`);
  expect((await next()).status).toBe(200);
  while ((await next()).status === 200);
  expect(await next()).toMatchObject({ status: 429, body: { retry_after_ms: 10 } });
});

test('PUT typing is told to the room', async () => {
  await using server = await start();
  const path = `/rooms/${server.roomId}/typing/${alice}`;
  await server.ask('PUT', path, { body: { typing: true, timeout: 30_000 } });
  expect(server.house.typing.typingIn(server.roomId)).toEqual([alice]);
  await server.ask('PUT', path, { body: { typing: false } });
  expect(server.house.typing.typingIn(server.roomId)).toEqual([]);
});

test('PUT typing is for oneself, in a room that one is in', async () => {
  await using server = await start();
  const body = { typing: true };
  const other = await server.ask('PUT', `/rooms/${server.roomId}/typing/${bob}`, { body });
  expect(other).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
  const away = await server.ask('PUT', `/rooms/${ROOM}/typing/${alice}`, { body });
  expect(away).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
});

test('POST receipt takes public, private, threaded and fully read ones', async () => {
  await using server = await start();
  const event = await server.house.say(server.roomId, bob, 'read me');
  const post = (type: string, body: object = {}) =>
    server.ask('POST', `/rooms/${server.roomId}/receipt/${type}/${event}`, { body });
  expect((await post('m.read')).status).toBe(200);
  expect((await post('m.read', { thread_id: 'main' })).status).toBe(200);
  expect((await post('m.read.private')).status).toBe(200);
  expect((await post('m.fully_read')).status).toBe(200);
  const { roomId } = server;
  const own = await server.house.receipts.ownIn(alice, roomId);
  expect(own.map(({ type, threadId }) => `${type} ${threadId}`).sort()).toEqual([
    'm.read ',
    'm.read main',
    'm.read.private ',
  ]);
  const marker = await server.house.accountData.get({
    userId: alice,
    roomId,
    type: 'm.fully_read',
  });
  expect(marker).toEqual({ event_id: event });
});

test.each([
  ['an unknown type', 'm.seen', {}],
  ['a thread id that is no string', 'm.read', { thread_id: 7 }],
  ['an empty thread id', 'm.read', { thread_id: '' }],
  ['a thread of a fully read marker', 'm.fully_read', { thread_id: 'main' }],
  ['a thread that the event is not in', 'm.read', { thread_id: '$other' }],
])('POST receipt refuses %s', async (_what, type, body) => {
  await using server = await start();
  const event = await server.house.say(server.roomId, bob, 'read me');
  const path = `/rooms/${server.roomId}/receipt/${type}/${event}`;
  expect(await server.ask('POST', path, { body })).toMatchObject({
    status: 400,
    body: { errcode: 'M_INVALID_PARAM' },
  });
});

test('POST read_markers sets all that it names, and the fully read marker never goes back', async () => {
  await using server = await start();
  const { roomId, house } = server;
  const [one, two] = [await house.say(roomId, bob, '1'), await house.say(roomId, bob, '2')];
  const set = (body: object) => server.ask('POST', `/rooms/${roomId}/read_markers`, { body });
  expect(await set({ 'm.fully_read': two, 'm.read': two, 'm.read.private': two })).toEqual({
    status: 200,
    body: {},
  });
  await set({ 'm.fully_read': one });
  const key = { userId: alice, roomId, type: 'm.fully_read' };
  expect(await house.accountData.get(key)).toEqual({ event_id: two });
  expect(await house.receipts.ownIn(alice, roomId)).toHaveLength(2);
});

test('presence is shown to those who share a room', async () => {
  await using server = await start();
  const body = { presence: 'unavailable', status_msg: 'lunch' };
  expect((await server.ask('PUT', `/presence/${alice}/status`, { body })).status).toBe(200);
  const seen = await server.ask('GET', `/presence/${alice}/status`, { token: 'bob-token' });
  expect(seen.body).toMatchObject(body);
  const hidden = await server.ask('GET', `/presence/${carol}/status`);
  expect(hidden).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
});

test('presence is set for oneself only', async () => {
  await using server = await start();
  const body = { presence: 'offline' };
  const other = await server.ask('PUT', `/presence/${bob}/status`, { body });
  expect(other).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
});

interface Ask {
  token?: string | undefined;
  body?: object;
}

/** Alice and Bob in one room, and the endpoints over HTTP. */
async function start({ rateLimits = unlimited }: { rateLimits?: RateLimits } = {}) {
  const house = await freshSync();
  const roomId = await house.rooms.create(alice, {}, {});
  await bringIn(house, roomId, bob);
  const server = await serve(
    mounted(syncEndpoints),
    openGate({ ...house.features, rooms: house.rooms, rateLimits }, { rateLimits }),
  );
  return {
    house,
    roomId,
    async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
      const token = 'token' in ask ? ask.token : 'alice-token';
      const response = await fetch(`${server.origin}/_matrix/client/v3${path}`, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(ask.body === undefined || method === 'GET' ? {} : { body: JSON.stringify(ask.body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    async [Symbol.asyncDispose]() {
      house.close();
      await server[Symbol.asyncDispose]();
      await house[Symbol.asyncDispose]();
    },
  };
}
