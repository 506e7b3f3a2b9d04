import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import type { PlacedRecord } from '../../log/change.ts';

const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };

async function twoDevices(api: ApiServer): Promise<string> {
  const token = await api.register('alice', 'PHONE');
  await api.ask('POST /login', {
    body: { ...auth, device_id: 'LAPTOP', initial_device_display_name: 'Laptop' },
  });
  return token;
}

const idsOf = async (api: ApiServer, token: string) =>
  (await api.ask('GET /devices', { token })).body.devices.map(
    (device: { device_id: string }) => device.device_id,
  );

test('a user sees their own devices, with the names they gave them, and null for what is not known', async () => {
  await using api = await startApi();
  const token = await twoDevices(api);
  await api.register('bob', 'OTHER');
  const never = { last_seen_ip: null, last_seen_ts: null };
  expect((await api.ask('GET /devices', { token })).body).toEqual({
    devices: [
      { device_id: 'LAPTOP', display_name: 'Laptop', ...never },
      { device_id: 'PHONE', display_name: null, ...never },
    ],
  });
});

test('a device gets a new name, and others are told that its user’s devices changed', async () => {
  await using api = await startApi();
  const token = await twoDevices(api);
  const records: PlacedRecord[] = [];
  api.writer.onCommitted((committed) => records.push(...committed));
  const body = { display_name: 'Telephone' };
  expect((await api.ask('PUT /devices/PHONE', { token, body })).status).toBe(200);
  expect((await api.ask('GET /devices/PHONE', { token })).body.display_name).toBe('Telephone');
  expect(records.map((each) => each.record)).toEqual([
    { kind: 'device-list', userId: '@alice:example.org' },
  ]);
});

test('a device of somebody else is no device', async () => {
  await using api = await startApi();
  await twoDevices(api);
  const token = await api.register('bob');
  for (const request of ['GET /devices/PHONE', 'PUT /devices/PHONE']) {
    const reply = await api.ask(request, {
      token,
      ...(request.startsWith('PUT') && { body: { display_name: 'Mine' } }),
    });
    expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  }
});

test('a device is deleted only by its user’s password', async () => {
  await using api = await startApi();
  const token = await twoDevices(api);
  const unproved = await api.ask('DELETE /devices/LAPTOP', { token });
  expect(unproved).toMatchObject({
    status: 401,
    body: { flows: [{ stages: ['m.login.password'] }] },
  });
  const wrong = { auth: { ...auth, password: 'wrong' } };
  const refused = await api.ask('DELETE /devices/LAPTOP', { token, body: wrong });
  expect([refused.status, refused.body.errcode]).toEqual([401, 'M_FORBIDDEN']);
  expect(await idsOf(api, token)).toEqual(['LAPTOP', 'PHONE']);

  const deleted = await api.ask('DELETE /devices/LAPTOP', { token, body: { auth } });
  expect(deleted).toEqual({ status: 200, body: {} });
  expect(await idsOf(api, token)).toEqual(['PHONE']);
});

test('another user’s password is no proof, right or wrong, and is not even looked at', async () => {
  await using api = await startApi({ rates: { login: { perSecond: 0.001, burst: 2 } } });
  const token = await twoDevices(api);
  await api.register('bob', 'TABLET');
  for (const password of [PASSWORD, 'wrong', 'wrong', 'wrong']) {
    const identifier = { type: 'm.id.user', user: '@bob:example.org' };
    const body = { auth: { type: 'm.login.password', identifier, password } };
    const refused = await api.ask('DELETE /devices/LAPTOP', { token, body });
    expect(refused).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(refused.body).not.toHaveProperty('session');
  }
  expect(await idsOf(api, token)).toEqual(['LAPTOP', 'PHONE']);
});

test('several devices are deleted at once, and those that are not there do no harm', async () => {
  await using api = await startApi();
  const token = await twoDevices(api);
  const body = { devices: ['LAPTOP', 'NOWHERE'], auth };
  expect((await api.ask('POST /delete_devices', { token, body })).status).toBe(200);
  expect(await idsOf(api, token)).toEqual(['PHONE']);
});

test.each([
  ['path', 'DELETE /devices/LAPTOP', {}, 'DELETE /devices/TABLET', {}],
  [
    'body',
    'POST /delete_devices',
    { devices: ['LAPTOP'] },
    'POST /delete_devices',
    { devices: ['TABLET'] },
  ],
])(
  'a session for one device, named in the %s, deletes no other',
  async (_where, one, first, other, second) => {
    await using api = await startApi();
    const token = await twoDevices(api);
    await api.ask('POST /login', { body: { ...auth, device_id: 'TABLET' } });
    const { session } = (await api.ask(one, { token, body: first })).body;
    const wrong = await api.ask(other, { token, body: { ...second, auth: { ...auth, session } } });
    expect([wrong.status, wrong.body.errcode]).toEqual([401, 'M_FORBIDDEN']);
    expect(await idsOf(api, token)).toEqual(['LAPTOP', 'PHONE', 'TABLET']);
    const right = await api.ask(one, { token, body: { ...first, auth: { ...auth, session } } });
    expect(right.status).toBe(200);
    expect(await idsOf(api, token)).toEqual(['PHONE', 'TABLET']);
  },
);

test.each([
  ['DELETE /devices/LAPTOP', {}],
  ['POST /delete_devices', { devices: ['LAPTOP'] }],
  ['POST /account/password', { new_password: 'another' }],
  ['POST /account/deactivate', {}],
])('%s is no place to guess the password at', async (request, body) => {
  await using api = await startApi({ rates: { login: { perSecond: 0.001, burst: 4 } } });
  const token = await api.register('alice', 'PHONE');
  const guess = (password: string) =>
    api.ask(request, { token, body: { ...body, auth: { ...auth, password } } });
  const seen = [];
  for (let n = 0; n < 6; n += 1) seen.push((await guess(`guess ${n}`)).status);
  expect(seen).toEqual([401, 401, 401, 401, 429, 429]);
  expect((await guess(PASSWORD)).status).toBe(429);
  expect((await api.ask('POST /login', { body: auth })).status).toBe(429);
});
