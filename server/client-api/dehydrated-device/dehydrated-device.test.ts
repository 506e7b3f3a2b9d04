import { expect, test } from 'vitest';
import { type ApiServer, type Reply, startApi } from '../../../test/support/api-server.ts';
import { deviceKey, deviceKeys } from '../../../test/support/cross-signing.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const ALICE = '@alice:example.org' as UserId;
const AT = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device';

const asleep = (deviceId = 'SLEEPER', number = 3) => ({
  device_id: deviceId,
  initial_device_display_name: 'Dehydrated device',
  device_data: { algorithm: 'org.matrix.msc3814.v2', device_pickle: deviceId },
  device_keys: deviceKeys(ALICE, deviceId, deviceKey(deviceId, number)),
  one_time_keys: { [`signed_curve25519:${deviceId}`]: { key: deviceId } },
  fallback_keys: { 'signed_curve25519:F': { key: 'fallback' } },
});

const put = (api: ApiServer, token: string, body: object = asleep()) =>
  api.ask(`PUT ${AT}`, { token, body });

const mail = async (api: ApiServer, token: string, count: number, deviceId = 'SLEEPER') => {
  for (let n = 0; n < count; n += 1)
    await api.ask(`PUT /sendToDevice/m.test/${deviceId}${n}`, {
      token,
      body: { messages: { [ALICE]: { [deviceId]: { n } } } },
    });
};

const events = (api: ApiServer, token: string, from = '') =>
  api.ask(`GET ${AT}/SLEEPER/events${from}`, { token });

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('who has put no device to sleep has none', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect(errorOf(await api.ask(`GET ${AT}`, { token }))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await api.ask(`DELETE ${AT}`, { token }))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await events(api, token))).toEqual([404, 'M_NOT_FOUND']);
});

test('a device that is put to sleep is a device for others, with keys to claim', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice', 'PHONE'), await api.register('bob')];
  expect(await put(api, alice)).toEqual({ status: 200, body: { device_id: 'SLEEPER' } });
  const { device_id, device_data } = asleep();
  expect((await api.ask(`GET ${AT}`, { token: alice })).body).toEqual({ device_id, device_data });
  const device_keys = { [ALICE]: [] };
  const queried = await api.ask('POST /keys/query', { token: bob, body: { device_keys } });
  expect(queried.body.device_keys[ALICE].SLEEPER).toMatchObject(asleep().device_keys);
  const claim = { one_time_keys: { [ALICE]: { SLEEPER: 'signed_curve25519' } } };
  const claims = [];
  for (let n = 0; n < 2; n += 1)
    claims.push((await api.ask('POST /keys/claim', { token: bob, body: claim })).body);
  expect(claims.map(({ one_time_keys }) => one_time_keys[ALICE].SLEEPER)).toEqual([
    { 'signed_curve25519:SLEEPER': { key: 'SLEEPER' } },
    { 'signed_curve25519:F': { key: 'fallback' } },
  ]);
});

test('its mail is read in parts by whoever wakes it, and again until the device goes', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice', 'PHONE'), await api.register('bob')];
  await put(api, alice);
  await mail(api, bob, 120);
  const first = (await events(api, alice)).body;
  const second = (await events(api, alice, `?from=${first.next_batch}`)).body;
  expect([...first.events, ...second.events].map(({ content }) => content.n)).toEqual(
    Array.from({ length: 120 }, (_, n) => n),
  );
  const end = (await events(api, alice, `?from=${second.next_batch}`)).body;
  expect(end).toEqual({ events: [] });
  expect((await events(api, alice)).body).toEqual(first);
});

test('clients of before ask for it by POST, and are always told where to go on', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice', 'PHONE'), await api.register('bob')];
  await put(api, alice);
  await mail(api, bob, 1);
  const at = `POST ${AT}/SLEEPER/events`;
  const first = (await api.ask(at, { token: alice, body: {} })).body;
  expect(first.events).toHaveLength(1);
  const { next_batch } = first;
  const end = await api.ask(at, { token: alice, body: { next_batch } });
  expect(end.body).toEqual({ events: [], next_batch });
});

test('the next device to sleep takes the place of the one before, and of all that it had', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice', 'PHONE'), await api.register('bob')];
  await put(api, alice);
  await mail(api, bob, 1);
  await put(api, alice, asleep('NEXT', 4));
  const { body } = await api.ask('GET /devices', { token: alice });
  expect(body.devices.map((each: { device_id: string }) => each.device_id)).toEqual([
    'NEXT',
    'PHONE',
  ]);
  expect(errorOf(await events(api, alice))).toEqual([403, 'M_FORBIDDEN']);
  const left = await api.fresh.database.query('left', 'SELECT device_id FROM to_device');
  expect(left).toEqual([]);
});

test('others are told that it came, and that it went', async () => {
  await using api = await startApi();
  const alice = await api.register('alice', 'PHONE');
  let since = (await api.ask('GET /sync', { token: alice })).body.next_batch;
  const seen = [];
  for (const step of [() => put(api, alice), () => api.ask(`DELETE ${AT}`, { token: alice })]) {
    expect((await step()).body).toEqual({ device_id: 'SLEEPER' });
    const { body } = await api.ask(`GET /sync?since=${since}`, { token: alice });
    since = body.next_batch;
    seen.push(body.device_lists?.changed);
  }
  expect(seen).toEqual([[ALICE], [ALICE]]);
  expect(errorOf(await api.ask(`GET ${AT}`, { token: alice }))).toEqual([404, 'M_NOT_FOUND']);
});

test('it goes with the other devices, too', async () => {
  await using api = await startApi();
  const alice = await api.register('alice', 'PHONE');
  await put(api, alice);
  await api.ask('POST /logout/all', { token: alice });
  const left = await api.fresh.database.query('left', 'SELECT * FROM dehydrated_device');
  expect(left).toEqual([]);
});

test.each<[string, object, number, string]>([
  ['the name of a device that is awake', { ...asleep('PHONE', 1) }, 400, 'M_INVALID_PARAM'],
  ['keys of another device', { ...asleep(), device_id: 'OTHER' }, 400, 'M_INVALID_PARAM'],
  ['no keys', { ...asleep(), device_keys: undefined }, 400, 'M_BAD_JSON'],
  ['too much', { ...asleep(), device_data: { x: 'x'.repeat(70_000) } }, 413, 'M_TOO_LARGE'],
])('%s is refused', async (_what, body, status, errcode) => {
  await using api = await startApi();
  const alice = await api.register('alice', 'PHONE');
  expect(errorOf(await put(api, alice, body))).toEqual([status, errcode]);
});

test('it is put once: a repeat changes nothing, and its name is that of no other', async () => {
  await using api = await startApi();
  const alice = await api.register('alice', 'PHONE');
  await put(api, alice);
  expect((await put(api, alice)).body).toEqual({ device_id: 'SLEEPER' });
  const other = { ...asleep(), device_data: { other: true } };
  expect(errorOf(await put(api, alice, other))).toEqual([400, 'M_INVALID_PARAM']);
});

test('nobody reads the mail of another’s', async () => {
  await using api = await startApi();
  const [alice, bob] = [await api.register('alice', 'PHONE'), await api.register('bob')];
  await put(api, alice);
  expect(errorOf(await events(api, bob))).toEqual([404, 'M_NOT_FOUND']);
});

test('it is asleep at the next writer, too, and a repeat of its deletion is answered as the first', async () => {
  await using fresh = await freshDatabase();
  const headers = { 'x-farol-request-id': 'the-same-request' };
  let token: string;
  {
    await using api = await startApi({ fresh, behindFront: true });
    token = await api.register('alice', 'PHONE');
    await put(api, token);
  }
  await using next = await startApi({ fresh, behindFront: true });
  expect((await next.ask(`GET ${AT}`, { token })).body.device_id).toBe('SLEEPER');
  for (const _time of [1, 2])
    expect(await next.ask(`DELETE ${AT}`, { token, headers })).toEqual({
      status: 200,
      body: { device_id: 'SLEEPER' },
    });
});
