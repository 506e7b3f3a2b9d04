import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { PlacedRecord } from '../../log/change.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { toDeviceMessages } from '../../storage/encryption/to-device.ts';

const BOB = '@bob:example.org' as UserId;
const ALL = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 100 };

const inbox = async (api: ApiServer, deviceId: string, range = ALL) => {
  const device = { userId: BOB, deviceId };
  const messages = await toDeviceMessages(api.fresh.database, device, range);
  return messages.map((message) => JSON.parse(message.json));
};

const send = (api: ApiServer, token: string, txnId: string, messages: object) =>
  api.ask(`PUT /sendToDevice/m.test/${txnId}`, { token, body: { messages } });

async function aliceAndBob(api: ApiServer): Promise<string> {
  await api.register('bob', 'PHONE');
  const auth = { type: 'm.login.password', user: 'bob', password: PASSWORD };
  await api.ask('POST /login', { body: { ...auth, device_id: 'LAPTOP' } });
  return api.register('alice');
}

test('a message waits for the device that it is for, in the order of sending', async () => {
  await using api = await startApi();
  const token = await aliceAndBob(api);
  for (const n of [1, 2, 3]) await send(api, token, `t${n}`, { [BOB]: { PHONE: { n } } });
  const message = (n: number) => ({ content: { n }, sender: '@alice:example.org', type: 'm.test' });
  expect(await inbox(api, 'PHONE')).toEqual([1, 2, 3].map(message));
  expect(await inbox(api, 'PHONE', { ...ALL, limit: 2 })).toEqual([1, 2].map(message));
  expect(await inbox(api, 'LAPTOP')).toEqual([]);
});

test('a star stands for all devices that are not named', async () => {
  await using api = await startApi();
  const token = await aliceAndBob(api);
  await send(api, token, 't1', { [BOB]: { '*': { to: 'all' }, LAPTOP: { to: 'one' } } });
  expect((await inbox(api, 'PHONE'))[0].content).toEqual({ to: 'all' });
  expect((await inbox(api, 'LAPTOP'))[0].content).toEqual({ to: 'one' });
});

test('every message has a record of its own, which wakes the device that it is for', async () => {
  await using api = await startApi();
  const token = await aliceAndBob(api);
  const records: PlacedRecord[] = [];
  api.writer.onCommitted((committed) => records.push(...committed));
  await send(api, token, 't1', { [BOB]: { '*': {} } });
  expect(records.map((each) => each.record)).toEqual(
    expect.arrayContaining(
      ['PHONE', 'LAPTOP'].map((deviceId) => ({ kind: 'to-device', userId: BOB, deviceId })),
    ),
  );
  expect(new Set(records.map((each) => each.position)).size).toBe(2);
});

test('what is for nobody is dropped', async () => {
  await using api = await startApi();
  const token = await aliceAndBob(api);
  const messages = { [BOB]: { TABLET: {} }, '@nobody:example.org': { '*': {} } };
  expect(await send(api, token, 't1', messages)).toEqual({ status: 200, body: {} });
  expect(await api.fresh.database.query('test', 'SELECT FROM to_device')).toEqual([]);
});

test('the same transaction twice is one message, also over a failover', async () => {
  await using fresh = await freshDatabase();
  let token = '';
  for (const writer of ['first', 'second']) {
    await using api = await startApi({ fresh });
    if (writer === 'first') token = await aliceAndBob(api);
    const twice = [1, 2].map(() => send(api, token, 't1', { [BOB]: { PHONE: {} } }));
    for (const reply of await Promise.all(twice)) expect(reply).toEqual({ status: 200, body: {} });
    expect(await inbox(api, 'PHONE')).toHaveLength(1);
  }
});

test('two users’ transactions of one name are two messages', async () => {
  await using api = await startApi();
  const tokens = [await aliceAndBob(api), await api.register('carol')];
  for (const token of tokens) await send(api, token, 't1', { [BOB]: { PHONE: {} } });
  expect(await inbox(api, 'PHONE')).toHaveLength(2);
});

test('a message to all devices is refused where it would become too much', async () => {
  await using api = await startApi();
  const token = await aliceAndBob(api);
  const devices = Array.from({ length: 100 }, (_, n) => `D${n}`);
  await api.fresh.database.query(
    'many_devices',
    'INSERT INTO device (user_id, device_id, created_ms) SELECT $1, unnest($2::text[]), 0',
    [BOB, devices],
  );
  const text = (length: number) => ({ [BOB]: { '*': { text: 'x'.repeat(length) } } });
  const refused = await send(api, token, 't1', text(50_000));
  expect([refused.status, refused.body.errcode]).toEqual([413, 'M_TOO_LARGE']);
  expect(await inbox(api, 'D1')).toEqual([]);
  expect((await send(api, token, 't2', text(30_000))).status).toBe(200);
  expect(await inbox(api, 'D99')).toHaveLength(1);
});

test('a device called __proto__ gets its mail', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.register('bob', '__proto__');
  const headers = { authorization: `Bearer ${token}` };
  const body = `{"messages":{"${BOB}":{"__proto__":{"n":1}}}}`;
  const url = `${api.origin}/_matrix/client/v3/sendToDevice/m.test/t1`;
  expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(200);
  expect((await inbox(api, '__proto__')).map((each) => each.content)).toEqual([{ n: 1 }]);
});
