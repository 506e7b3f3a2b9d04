import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';

const pusher = {
  kind: 'http',
  app_id: 'org.example.app',
  pushkey: 'key-of-the-phone',
  app_display_name: 'App',
  device_display_name: 'Phone',
  lang: 'en',
  data: { url: 'https://push.example.org/_matrix/push/v1/notify', format: 'event_id_only' },
};

test('a pusher is set, listed and taken away', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect((await api.ask('POST /pushers/set', { token, body: pusher })).status).toBe(200);
  expect((await api.ask('GET /pushers', { token })).body).toEqual({ pushers: [pusher] });
  await api.ask('POST /pushers/set', { token, body: { ...pusher, kind: null } });
  expect((await api.ask('GET /pushers', { token })).body).toEqual({ pushers: [] });
});

test('a phone that is handed over notifies its new user only, unless told', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice'), await api.register('bob')];
  const pushersOf = async (token: string) =>
    (await api.ask('GET /pushers', { token })).body.pushers;
  await api.ask('POST /pushers/set', { token: alice, body: pusher });
  await api.ask('POST /pushers/set', { token: bob, body: { ...pusher, append: true } });
  expect(await pushersOf(alice)).toHaveLength(1);
  await api.ask('POST /pushers/set', { token: bob, body: pusher });
  expect([await pushersOf(alice), await pushersOf(bob)]).toEqual([[], [pusher]]);
});

test('a pusher goes with the device that set it', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.ask('POST /pushers/set', { token, body: pusher });
  await api.ask('POST /logout', { token });
  expect(await api.fresh.database.query('test', 'SELECT FROM pusher')).toEqual([]);
});

test.each<[string, object, string]>([
  ['another path', { data: { url: 'https://push.example.org/' } }, 'M_INVALID_PARAM'],
  ['another protocol', { data: { url: 'file:///_matrix/push/v1/notify' } }, 'M_INVALID_PARAM'],
  ['no URL', { data: {} }, 'M_BAD_JSON'],
  ['an unknown kind', { kind: 'pigeon' }, 'M_BAD_JSON'],
])('a pusher with %s is refused', async (_what, fields, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask('POST /pushers/set', { token, body: { ...pusher, ...fields } });
  expect([reply.status, reply.body.errcode]).toEqual([400, errcode]);
});
