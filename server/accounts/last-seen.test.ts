import { expect, test } from 'vitest';
import { startApi } from '../../test/support/api-server.ts';
import type { Log } from '../log/log.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { LAST_SEEN_EVERY_MS, LastSeen } from './last-seen.ts';

const alice = '@alice:example.org' as UserId;
const caller = { kind: 'user' as const, userId: alice, deviceId: 'PHONE' };
const from = (address: string) => ({ address, userAgent: 'Test/1' });

test('a device shows when and from where it was last used', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'PHONE');
  const { lastSeen } = api.features;
  lastSeen.note(caller, from('192.0.2.1'));
  lastSeen.note(caller, from('192.0.2.2'));
  await lastSeen.write();
  const { body } = await api.ask('GET /devices/PHONE', { token });
  expect(body).toMatchObject({ last_seen_ip: '192.0.2.2', last_seen_ts: api.clock.ms });
});

test('a device that is used all the time is written down once in five minutes', async () => {
  await using api = await startApi();
  await api.register('alice', 'PHONE');
  const { lastSeen } = api.features;
  const addresses: string[] = [];
  const visit = (address: string) => ({
    get address() {
      addresses.push(address);
      return address;
    },
    userAgent: undefined,
  });
  lastSeen.note(caller, visit('first'));
  await lastSeen.write();
  lastSeen.note(caller, visit('too soon'));
  api.clock.ms += LAST_SEEN_EVERY_MS;
  lastSeen.note(caller, visit('again'));
  expect(addresses).toEqual(['first', 'again']);
});

test('of more devices than memory is for, those that come first are written, and the others when they come again', async () => {
  const rows: unknown[] = [];
  const commit: Log['commit'] = async (build) => {
    const { change, value } = build(() => 1);
    rows.push(...change.rows.map(({ values }) => values[1]));
    return value;
  };
  const lastSeen = new LastSeen({ log: { commit } as Log, now: () => 1 }, { devicesMax: 2 });
  const note = (deviceId: string) => lastSeen.note({ ...caller, deviceId }, from('192.0.2.1'));
  for (const deviceId of ['A', 'B', 'C']) note(deviceId);
  await lastSeen.write();
  expect(rows.splice(0)).toEqual(['A', 'B']);
  for (const deviceId of ['B', 'C']) note(deviceId);
  await lastSeen.write();
  note('A');
  note('C');
  await lastSeen.write();
  expect(rows).toEqual(['C', 'A']);
});

test('every request says that its device is alive', async () => {
  await using api = await startApi({ behindFront: true });
  const token = await api.register('alice', 'PHONE');
  await api.ask('GET /devices', { token, headers: { 'x-forwarded-for': '192.0.2.9' } });
  await api.features.lastSeen.write();
  expect((await api.features.devices.get(alice, 'PHONE')).lastSeenAddress).toBe('192.0.2.9');
});

test('a device that was deleted is not brought back by having been seen', async () => {
  await using api = await startApi();
  await api.register('alice', 'PHONE');
  api.features.lastSeen.note(caller, from('192.0.2.1'));
  await api.features.devices.deleteAll(alice);
  await api.features.lastSeen.write();
  expect(await api.features.devices.list(alice)).toEqual([]);
});
