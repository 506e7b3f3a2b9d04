import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { deviceKey, deviceKeys } from '../../../test/support/cross-signing.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { PlacedRecord } from '../../log/change.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Database } from '../../storage/database.ts';
import { unusedFallbackKeyTypes } from '../../storage/encryption/fallback-keys.ts';
import { oneTimeKeyCounts } from '../../storage/encryption/one-time-keys.ts';
import { deviceListsChangedNear } from '../../storage/shared-rooms.ts';

const ALICE = '@alice:example.org' as UserId;
const PHONE_KEY = 'ed25519:PHONE';
const phoneKeys = deviceKeys(ALICE, 'PHONE', deviceKey('PHONE', 1));

const signedBy = (signatures: JsonObject) => (keys: JsonObject) => ({
  ...keys,
  signatures: { [ALICE]: signatures },
});

const oneTimeKeys = (...ids: string[]) => ({
  one_time_keys: Object.fromEntries(ids.map((id) => [`signed_curve25519:${id}`, { key: id }])),
});

const upload = (api: ApiServer, token: string, body: object) =>
  api.ask('POST /keys/upload', { token, body });

const claim = async (api: ApiServer, token: string, headers: Record<string, string> = {}) => {
  const one_time_keys = { [ALICE]: { PHONE: 'signed_curve25519' } };
  const { body } = await api.ask('POST /keys/claim', { token, headers, body: { one_time_keys } });
  return body.one_time_keys[ALICE]?.PHONE;
};

const counted = (database: Database, queries: string[]): Database => ({
  query(name, sql, values) {
    queries.push(name);
    return database.query(name, sql, values);
  },
});

async function aliceAndBob(api: ApiServer) {
  return [await api.register('alice', 'PHONE'), await api.register('bob', 'LAPTOP')] as const;
}

test('device keys are found as the device signed them, with the name that its user gave it', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  await api.ask('PUT /devices/PHONE', { token: alice, body: { display_name: 'Phone' } });
  expect((await upload(api, alice, { device_keys: phoneKeys })).body).toEqual({
    one_time_key_counts: {},
  });
  const device_keys = { [ALICE]: [], '@nobody:example.org': [] };
  const { body } = await api.ask('POST /keys/query', { token: bob, body: { device_keys } });
  const unsigned = { device_display_name: 'Phone' };
  expect(body).toEqual({
    device_keys: { [ALICE]: { PHONE: { ...phoneKeys, unsigned } }, '@nobody:example.org': {} },
    failures: {},
    master_keys: {},
    self_signing_keys: {},
    user_signing_keys: {},
  });
});

test('a query may ask for some devices only', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, { device_keys: phoneKeys });
  const ask = (devices: string[]) =>
    api.ask('POST /keys/query', { token: bob, body: { device_keys: { [ALICE]: devices } } });
  expect(Object.keys((await ask(['OTHER'])).body.device_keys[ALICE])).toEqual([]);
  expect(Object.keys((await ask(['PHONE'])).body.device_keys[ALICE])).toEqual(['PHONE']);
});

test('a device may be called anything, __proto__ too', async () => {
  await using api = await startApi();
  const alice = await api.register('alice', '__proto__');
  const bob = await api.register('bob', 'LAPTOP');
  const keys = deviceKeys(ALICE, '__proto__', deviceKey('__proto__', 2));
  const body = { device_keys: keys, ...oneTimeKeys('A') };
  expect((await upload(api, alice, body)).status).toBe(200);
  const ask = async (path: string, text: string) => {
    const headers = { authorization: `Bearer ${bob}` };
    const url = `${api.origin}/_matrix/client/v3${path}`;
    return (await fetch(url, { method: 'POST', headers, body: text })).text();
  };
  const query = `{"device_keys":{"${ALICE}":["__proto__"]}}`;
  expect(await ask('/keys/query', query)).toContain('"__proto__":{"user_id"');
  const wish = `{"one_time_keys":{"${ALICE}":{"__proto__":"signed_curve25519"}}}`;
  expect(await ask('/keys/claim', wish)).toContain('{"__proto__":{"signed_curve25519:A"');
  const refused = await ask('/keys/signatures/upload', `{"${ALICE}":{"__proto__":{}}}`);
  expect(refused).toContain('"__proto__":{"errcode"');
});

test.each<[string, string, (keys: JsonObject) => JsonObject]>([
  ['no algorithms', 'M_BAD_JSON', ({ algorithms: _, ...keys }) => keys],
  ['algorithms that are no list', 'M_BAD_JSON', (keys) => ({ ...keys, algorithms: 'all' })],
  ['an algorithm that is a number', 'M_BAD_JSON', (keys) => ({ ...keys, algorithms: [1] })],
  ['no keys', 'M_BAD_JSON', ({ keys: _, ...keys }) => keys],
  ['keys that are no strings', 'M_BAD_JSON', (keys) => ({ ...keys, keys: { [PHONE_KEY]: {} } })],
  ['no key of its own', 'M_INVALID_PARAM', (keys) => ({ ...keys, keys: { 'curve25519:X': 'x' } })],
  ['no signatures', 'M_BAD_JSON', ({ signatures: _, ...keys }) => keys],
  [
    'signatures of no user',
    'M_BAD_JSON',
    (keys) => ({ ...keys, signatures: { [PHONE_KEY]: 'x' } }),
  ],
  ['a signature that is none', 'M_BAD_JSON', signedBy({ [PHONE_KEY]: 1 })],
  ['an empty signature', 'M_INVALID_PARAM', signedBy({ [PHONE_KEY]: '' })],
  ['a wrong signature', 'M_INVALID_PARAM', (keys) => ({ ...keys, more: 'than was signed' })],
  ['another user', 'M_INVALID_PARAM', (keys) => ({ ...keys, user_id: '@bob:example.org' })],
])('device keys with %s are refused: %s', async (_what, errcode, spoil) => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const reply = await upload(api, alice, { device_keys: spoil(phoneKeys) });
  expect([reply.status, reply.body.errcode]).toEqual([400, errcode]);
  const device_keys = { [ALICE]: [] };
  const { body } = await api.ask('POST /keys/query', { token: bob, body: { device_keys } });
  expect(body.device_keys).toEqual({ [ALICE]: {} });
});

test.each<[string, JsonObject]>([
  ['by nobody', {}],
  ['by another user only', { '@bob:example.org': { 'ed25519:LAPTOP': 'x' } }],
  ['by another key of the user only', { [ALICE]: { 'ed25519:MASTER': 'x' } }],
])('device keys that are signed %s are handed out as they are', async (_whom, signatures) => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const keys = { ...phoneKeys, signatures };
  expect((await upload(api, alice, { device_keys: keys })).status).toBe(200);
  const device_keys = { [ALICE]: [] };
  const { body } = await api.ask('POST /keys/query', { token: bob, body: { device_keys } });
  expect(body.device_keys[ALICE].PHONE).toEqual({ ...keys, unsigned: {} });
});

test('unsigned of uploaded keys is not kept: it is the server that says it', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const unsigned = { device_display_name: 'Forged' };
  await upload(api, alice, { device_keys: { ...phoneKeys, unsigned } });
  const device_keys = { [ALICE]: [] };
  const { body } = await api.ask('POST /keys/query', { token: bob, body: { device_keys } });
  expect(body.device_keys[ALICE].PHONE).toEqual({ ...phoneKeys, unsigned: {} });
});

test('a device keeps so many one-time keys with us, and no more', async () => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  const named = (from: number, count: number) =>
    oneTimeKeys(...Array.from({ length: count }, (_, n) => `K${from + n}`));
  expect((await upload(api, alice, named(0, 900))).status).toBe(200);
  const over = await upload(api, alice, named(900, 101));
  expect([over.status, over.body.errcode]).toEqual([413, 'M_TOO_LARGE']);
  expect((await upload(api, alice, named(800, 200))).body).toEqual({
    one_time_key_counts: { signed_curve25519: 1_000 },
  });
});

test.each([
  ['no algorithm', ':A'],
  ['no id', 'signed_curve25519:'],
  ['more than both', 'a:b:c'],
  ['more than an index can hold', `signed_curve25519:${'x'.repeat(6_000)}`],
])('a one-time key whose name has %s is refused', async (_what, name) => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  for (const kind of ['one_time_keys', 'fallback_keys']) {
    const reply = await upload(api, alice, { [kind]: { [name]: 'key' } });
    expect([reply.status, reply.body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
  }
});

test('a claim is one query, however many devices it names, and names so many', async () => {
  const queries: string[] = [];
  await using api = await startApi({ reads: (database) => counted(database, queries) });
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, oneTimeKeys('A'));
  const wishes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`D${n}`, 'signed_curve25519']));
  const ask = (count: number) => {
    const one_time_keys = { [ALICE]: { PHONE: 'signed_curve25519', ...wishes(count) } };
    return api.ask('POST /keys/claim', { token: bob, body: { one_time_keys } });
  };
  await ask(0);
  queries.length = 0;
  expect((await ask(4_000)).status).toBe(200);
  expect(queries).toEqual(['oldest_one_time_keys', 'fallback_keys_for']);
  expect((await ask(5_000)).body.errcode).toBe('M_TOO_LARGE');
});

test('keys are read once for all who ask, and again when they change', async () => {
  const queries: string[] = [];
  await using api = await startApi({ reads: (database) => counted(database, queries) });
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, { device_keys: phoneKeys });
  const ask = async (token: string) => {
    const device_keys = { [ALICE]: [], '@nobody:example.org': [] };
    return (await api.ask('POST /keys/query', { token, body: { device_keys } })).body;
  };
  const first = await ask(bob);
  queries.length = 0;
  expect(await ask(bob)).toEqual(first);
  expect((await ask(alice)).device_keys).toEqual(first.device_keys);
  expect(queries).toEqual(['users_signed_by']);
  await api.ask('PUT /devices/PHONE', { token: alice, body: { display_name: 'Phone' } });
  const unsigned = { device_display_name: 'Phone' };
  expect((await ask(bob)).device_keys[ALICE].PHONE).toEqual({ ...phoneKeys, unsigned });
});

test('which keys a device has is read once: what is uploaded and claimed then is counted along', async () => {
  const queries: string[] = [];
  await using api = await startApi({ reads: (database) => counted(database, queries) });
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, oneTimeKeys('A', 'B', 'C'));
  await claim(api, bob);
  queries.length = 0;
  const { body } = await upload(api, alice, oneTimeKeys('D', 'E'));
  expect(body).toEqual({ one_time_key_counts: { signed_curve25519: 4 } });
  const other = { one_time_keys: { 'curve25519:A': 'key' } };
  expect((await upload(api, alice, other)).body).toEqual({
    one_time_key_counts: { signed_curve25519: 4, curve25519: 1 },
  });
  expect(queries).toEqual([]);
  expect(await oneTimeKeyCounts(api.fresh.database, ALICE, 'PHONE')).toEqual({
    signed_curve25519: 4,
    curve25519: 1,
  });
  for (let n = 0; n < 4; n += 1) await claim(api, bob);
  expect((await upload(api, alice, {})).body).toEqual({ one_time_key_counts: { curve25519: 1 } });
});

test('one-time keys of a device that ended are not given out for the next of its name', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, oneTimeKeys('A', 'B'));
  expect(await claim(api, bob)).toEqual({ 'signed_curve25519:A': { key: 'A' } });
  await api.ask('POST /logout', { token: alice });
  const body = {
    ...{ type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' } },
    ...{ password: PASSWORD, device_id: 'PHONE' },
  };
  const { access_token } = (await api.ask('POST /login', { body })).body;
  expect(await claim(api, bob)).toBeUndefined();
  expect((await upload(api, access_token, oneTimeKeys('C'))).body).toEqual({
    one_time_key_counts: { signed_curve25519: 1 },
  });
  expect(await claim(api, bob)).toEqual({ 'signed_curve25519:C': { key: 'C' } });
});

test('servers that cannot be asked are named', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const device_keys = { '@carol:other.org': [] };
  const { body } = await api.ask('POST /keys/query', { token, body: { device_keys } });
  expect(Object.keys(body.failures)).toEqual(['other.org']);
});

test('a device uploads for itself only', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'LAPTOP');
  const reply = await upload(api, token, { device_keys: phoneKeys });
  expect([reply.status, reply.body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
});

test('new device keys are a change of the device list, the same keys again are none', async () => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  const records: PlacedRecord[] = [];
  api.writer.onCommitted((committed) => records.push(...committed));
  for (let n = 0; n < 2; n++) await upload(api, alice, { device_keys: phoneKeys });
  const changes = records.filter((each) => each.record.kind === 'device-list');
  expect(changes).toHaveLength(1);
  const { position } = changes[0]!;
  const within = (after: number, upTo: number) =>
    deviceListsChangedNear(api.fresh.database, ALICE, { after, upTo });
  expect(await within(position - 1, position)).toEqual([ALICE]);
  expect(await within(position, position + 10)).toEqual([]);
});

test('each one-time key is given out once, the oldest first, and then there is none', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  await upload(api, alice, oneTimeKeys('B'));
  const second = await upload(api, alice, oneTimeKeys('A', 'C'));
  expect(second.body).toEqual({ one_time_key_counts: { signed_curve25519: 3 } });
  const claimed = [];
  for (let n = 0; n < 4; n++) claimed.push(await claim(api, bob));
  expect(claimed).toEqual([
    { 'signed_curve25519:B': { key: 'B' } },
    { 'signed_curve25519:A': { key: 'A' } },
    { 'signed_curve25519:C': { key: 'C' } },
    undefined,
  ]);
  expect(await oneTimeKeyCounts(api.fresh.database, ALICE, 'PHONE')).toEqual({});
});

test('of many who claim at the same time no two get the same key', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const ids = Array.from({ length: 20 }, (_, n) => `K${n}`);
  await upload(api, alice, oneTimeKeys(...ids));
  const claimed = await Promise.all(ids.map(() => claim(api, bob)));
  const names = claimed.map((keys) => Object.keys(keys)[0]);
  expect(new Set(names).size).toBe(ids.length);
});

test('a claim that is repeated over a failover gets the same key, and takes no second one', async () => {
  await using fresh = await freshDatabase();
  const headers = { 'x-farol-request-id': 'front-a:claim-1' };
  const claimed = [];
  let bob = '';
  for (const writer of ['first', 'second']) {
    await using api = await startApi({ fresh, behindFront: true });
    if (writer === 'first') {
      const tokens = await aliceAndBob(api);
      await upload(api, tokens[0], oneTimeKeys('A', 'B'));
      bob = tokens[1];
    }
    claimed.push(await claim(api, bob, headers));
  }
  expect(claimed[0]).toEqual({ 'signed_curve25519:A': { key: 'A' } });
  expect(claimed[1]).toEqual(claimed[0]);
  expect(await oneTimeKeyCounts(fresh.database, ALICE, 'PHONE')).toEqual({ signed_curve25519: 1 });
});

test('an upload that is repeated does not bring back a key that was given out in between', async () => {
  await using api = await startApi({ behindFront: true });
  const [alice, bob] = await aliceAndBob(api);
  const headers = { 'x-farol-request-id': 'front-a:upload-1' };
  const body = oneTimeKeys('A');
  const once = () => api.ask('POST /keys/upload', { token: alice, headers, body });
  const first = await once();
  await claim(api, bob);
  expect(await once()).toEqual(first);
  expect(await claim(api, bob)).toBeUndefined();
});

test('another key under a name that is taken is refused', async () => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  await upload(api, alice, oneTimeKeys('A'));
  const body = { one_time_keys: { 'signed_curve25519:A': { key: 'another' } } };
  const reply = await upload(api, alice, body);
  expect([reply.status, reply.body.errcode]).toEqual([400, 'M_UNKNOWN']);
  expect((await upload(api, alice, oneTimeKeys('A'))).status).toBe(200);
});

test('when no one-time key is left the fallback key is given out, again and again', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const fallback = { 'signed_curve25519:F': { key: 'F', fallback: true } };
  await upload(api, alice, { ...oneTimeKeys('A'), fallback_keys: fallback });
  const unused = () => unusedFallbackKeyTypes(api.fresh.database, ALICE, 'PHONE');
  await claim(api, bob);
  expect(await unused()).toEqual(['signed_curve25519']);
  expect([await claim(api, bob), await claim(api, bob)]).toEqual([fallback, fallback]);
  expect(await unused()).toEqual([]);
  await upload(api, alice, { fallback_keys: { 'signed_curve25519:G': { key: 'G' } } });
  expect(await unused()).toEqual(['signed_curve25519']);
});

test('giving out a fallback key once more changes nothing, and its device is told of nothing', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const fallback = { 'signed_curve25519:F': { key: 'F', fallback: true } };
  await upload(api, alice, { fallback_keys: fallback });
  const changed: string[] = [];
  api.writer.onCommitted((records) => changed.push(...records.map(({ record }) => record.kind)));
  expect(await claim(api, bob)).toEqual(fallback);
  expect(changed).toEqual(['device-keys']);
  const { position } = api.writer.committed;
  expect(await claim(api, bob)).toEqual(fallback);
  expect([changed, api.writer.committed.position]).toEqual([['device-keys'], position]);
});

test('there is no backup of room keys', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask('GET /room_keys/version', { token });
  expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});
