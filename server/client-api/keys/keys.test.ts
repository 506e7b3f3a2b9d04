import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { deviceKey, deviceKeys } from '../../../test/support/cross-signing.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { PlacedRecord } from '../../log/change.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { unusedFallbackKeyTypes } from '../../storage/encryption/fallback-keys.ts';
import { oneTimeKeyCounts } from '../../storage/encryption/one-time-keys.ts';
import { deviceListsChangedNear } from '../../storage/shared-rooms.ts';

const ALICE = '@alice:example.org' as UserId;
const phoneKeys = deviceKeys(ALICE, 'PHONE', deviceKey('PHONE', 1));

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

test('there is no backup of room keys', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask('GET /room_keys/version', { token });
  expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});
