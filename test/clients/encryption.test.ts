import { ClientEvent } from 'matrix-js-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Account,
  decrypted,
  login,
  register,
  rememberSecretStorageKey,
  roomOf,
  until,
} from './sdk.ts';
import { npmStart, type ServerUnderTest } from './server.ts';

/** People chat encrypted, by matrix-js-sdk and its Rust crypto. */

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('two people read what the other wrote in an encrypted room, and the server cannot', async () => {
  using a = await person('alice');
  using b = await person('bob');
  const roomId = await encryptedRoom(a, b);
  const { event_id: eventId } = await a.sendTextMessage(roomId, 'our secret');
  await decrypted(b, roomId, 'our secret');
  await b.sendTextMessage(roomId, 'well kept');
  await decrypted(a, roomId, 'well kept');
  const stored = await a.fetchRoomEvent(roomId, eventId);
  expect(stored.type).toBe('m.room.encrypted');
  expect(JSON.stringify(stored)).not.toContain('our secret');
});

test('a second device reads what is sent after it came', async () => {
  const account = await register(server.url, 'alice');
  using a = await login(server.url, account, { encryption: true });
  using b = await person('bob');
  const roomId = await encryptedRoom(a, b);
  await b.sendTextMessage(roomId, 'before');
  await decrypted(a, roomId, 'before');
  using second = await login(server.url, account, { encryption: true });
  await roomOf(second, roomId);
  await until(b, ClientEvent.Sync, async () => await knows(b, second));
  await b.sendTextMessage(roomId, 'after');
  await decrypted(second, roomId, 'after');
  await decrypted(a, roomId, 'after');
});

test('a device that its owner signed is known as such to others', async () => {
  const account = await register(server.url, 'alice');
  using a = await login(server.url, account, { encryption: true });
  using b = await person('bob');
  await encryptedRoom(a, b);
  await bootstrap(a, account);
  expect(await a.getCrypto()!.getUserVerificationStatus(account.userId)).toMatchObject({
    crossSigningVerified: true,
  });
  expect(await b.getCrypto()!.userHasCrossSigningKeys(account.userId, true)).toBe(true);
  const status = () => b.getCrypto()!.getDeviceVerificationStatus(account.userId, a.getDeviceId()!);
  await until(b, ClientEvent.Sync, async () => (await status())?.signedByOwner);
});

test('keys of cross-signing are replaced with the password only', async () => {
  const account = await register(server.url, 'alice');
  using a = await login(server.url, account, { encryption: true });
  await bootstrap(a, account);
  const wrong = bootstrap(a, { ...account, password: 'wrong' }, true);
  await expect(wrong).rejects.toThrow();
  await bootstrap(a, account, true);
});

test('devices run out of one-time keys never: they bring new ones when told how many are left', async () => {
  using a = await person('alice');
  using b = await person('bob');
  const before = await oneTimeKeys(a);
  expect(before).toBeGreaterThan(0);
  await encryptedRoom(a, b);
  await b.sendTextMessage(await encryptedRoom(b, a), 'takes one');
  await expect.poll(() => oneTimeKeys(a)).toBe(before);
});

test('a device that was never there reads all that was written before, from the backup of keys', async () => {
  const account = await register(server.url, 'alice');
  using a = await login(server.url, account, { encryption: true });
  using b = await person('bob');
  await bootstrap(a, account);
  const recoveryKey = await a.getCrypto()!.createRecoveryKeyFromPassphrase();
  rememberSecretStorageKey(a, '', recoveryKey.privateKey);
  await a.getCrypto()!.bootstrapSecretStorage({
    createSecretStorageKey: async () => recoveryKey,
    setupNewKeyBackup: true,
  });
  const roomId = await encryptedRoom(a, b);
  await b.sendTextMessage(roomId, 'of long ago');
  const event = await decrypted(a, roomId, 'of long ago');
  await expect.poll(() => keysInBackup(a)).toBeGreaterThan(0);
  using second = await login(server.url, account, { encryption: true });
  rememberSecretStorageKey(second, '', recoveryKey.privateKey);
  const crypto = second.getCrypto()!;
  await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
  expect((await crypto.restoreKeyBackup()).imported).toBeGreaterThan(0);
  const stored = second.getEventMapper()(await second.fetchRoomEvent(roomId, event.getId()!));
  await second.decryptEventIfNeeded(stored);
  expect(stored.getClearContent()?.body).toBe('of long ago');
});

test('what came while nobody was logged in is read by the device that wakes the one asleep', async () => {
  const account = await register(server.url, 'alice');
  using b = await person('bob');
  let roomId: string;
  const key = new Uint8Array(32).fill(7);
  {
    using a = await login(server.url, account, { encryption: true });
    rememberSecretStorageKey(a, '', key);
    await bootstrap(a, account);
    const crypto = a.getCrypto()!;
    const createSecretStorageKey = async () => ({ privateKey: key });
    await crypto.bootstrapSecretStorage({ createSecretStorageKey });
    expect(await crypto.isDehydrationSupported()).toBe(true);
    roomId = await encryptedRoom(a, b);
    await crypto.startDehydration();
    await a.logout(true);
  }
  await until(b, ClientEvent.Sync, async () => {
    const devices = await b.getCrypto()!.getUserDeviceInfo([account.userId], true);
    return [...(devices.get(account.userId)?.values() ?? [])].every((each) => each.dehydrated);
  });
  const { event_id: eventId } = await b.sendTextMessage(roomId, 'while you slept');
  using second = await login(server.url, account, { encryption: true });
  rememberSecretStorageKey(second, '', key);
  expect(await second.getCrypto()!.userHasCrossSigningKeys(account.userId, true)).toBe(true);
  await bootstrap(second, account);
  await second.getCrypto()!.startDehydration();
  const stored = second.getEventMapper()(await second.fetchRoomEvent(roomId, eventId!));
  await second.decryptEventIfNeeded(stored);
  expect(stored.getClearContent()?.body).toBe('while you slept');
});

type Client = Awaited<ReturnType<typeof login>>;

const person = async (name: string): Promise<Client> =>
  login(server.url, await register(server.url, name), { encryption: true });

async function encryptedRoom(first: Client, second: Client): Promise<string> {
  const { room_id: roomId } = await first.createRoom({
    invite: [second.getUserId()!],
    initial_state: [
      {
        type: 'm.room.encryption',
        state_key: '',
        content: { algorithm: 'm.megolm.v1.aes-sha2' },
      },
    ],
  });
  await roomOf(second, roomId, 'invite');
  await second.joinRoom(roomId);
  for (const client of [first, second]) {
    const room = await roomOf(client, roomId);
    await until(client, ClientEvent.Sync, () => room.getJoinedMembers().length === 2);
    await until(client, ClientEvent.Sync, () => room.hasEncryptionStateEvent());
  }
  return roomId;
}

async function knows(client: Client, other: Client): Promise<boolean> {
  const devices = await client.getCrypto()!.getUserDeviceInfo([other.getUserId()!]);
  return devices.get(other.getUserId()!)?.has(other.getDeviceId()!) ?? false;
}

const bootstrap = (client: Client, { userId, password }: Account, again = false) =>
  client.getCrypto()!.bootstrapCrossSigning({
    setupNewCrossSigning: again,
    authUploadDeviceSigningKeys: async (upload) => {
      const identifier = { type: 'm.id.user', user: userId };
      await upload({ type: 'm.login.password', identifier, password });
    },
  });

/** As the server counts them. */
async function oneTimeKeys(client: Client): Promise<number> {
  const { device_one_time_keys_count } = (await asked(client, 'sync')) as {
    device_one_time_keys_count: { signed_curve25519: number };
  };
  return device_one_time_keys_count.signed_curve25519;
}

const keysInBackup = async (client: Client): Promise<number> =>
  ((await asked(client, 'room_keys/version')) as { count: number }).count;

/** The SDK remembers some answers. */
async function asked(client: Client, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${client.getAccessToken()}` };
  return (await fetch(`${server.url}/_matrix/client/v3/${path}`, { headers })).json();
}
