import { ClientEvent, type MatrixClient } from 'matrix-js-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decrypted, knowingDevicesIn, login, register, roomOf, until } from '../sdk.ts';
import { npmStart, type ServerUnderTest } from '../server.ts';
import { botSdkBot, echoBot, nioPerson } from './programs.ts';

/** People and bots with programs of several makers, and others by matrix-js-sdk. */

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('somebody with matrix-nio and somebody with matrix-js-sdk read what the other wrote encrypted', async () => {
  const account = await register(server.url, 'nio');
  await using nio = nioPerson(server.url, account);
  await nio.does('login', { password: account.password });
  using sdk = await login(server.url, await register(server.url, 'sdk'), { encryption: true });
  const invite = [sdk.getUserId()!];
  const { room_id: room } = await nio.does<{ room_id: string }>('create', { invite });
  await roomOf(sdk, room, 'invite');
  await sdk.joinRoom(room);
  await ready(sdk, room);
  await nio.does('send', { room, body: 'from Python' });
  await decrypted(sdk, room, 'from Python');
  await sdk.sendTextMessage(room, 'from JavaScript');
  const heard = await nio.does('hear', { room, body: 'from JavaScript' });
  expect(heard).toEqual({ decrypted: true });
});

test('matrix-nio lists the devices of its user, of whom it gave one no name', async () => {
  const account = await register(server.url, 'nio');
  await using nio = nioPerson(server.url, account);
  const { device_id } = await nio.does<{ device_id: string }>('login', {
    password: account.password,
  });
  expect(await nio.does('devices')).toEqual({ devices: [device_id] });
  await nio.does('logout');
});

test('a bot of simplematrixbotlib joins where it is invited, and answers what it was told encrypted', async () => {
  const account = await register(server.url, 'bot');
  await using _bot = await echoBot(server, account);
  using sdk = await login(server.url, await register(server.url, 'sdk'), { encryption: true });
  const room = await encryptedRoomWith(sdk, account.userId);
  await ready(sdk, room);
  await sdk.sendTextMessage(room, '!echo are you there');
  await decrypted(sdk, room, 'are you there');
});

test('a bot of matrix-bot-sdk does the same', async () => {
  const account = await register(server.url, 'bot-sdk');
  await using bot = await botSdkBot(server, account);
  using sdk = await login(server.url, await register(server.url, 'sdk'), { encryption: true });
  const room = await encryptedRoomWith(sdk, account.userId);
  await ready(sdk, room);
  await sdk.sendTextMessage(room, '!say are you there');
  await decrypted(sdk, room, 'are you there');
  expect(bot.heard.map(({ body }) => body)).toEqual(['!say are you there']);
});

async function encryptedRoomWith(client: MatrixClient, invited: string): Promise<string> {
  const algorithm = 'm.megolm.v1.aes-sha2';
  const encryption = { type: 'm.room.encryption', state_key: '', content: { algorithm } };
  const made = await client.createRoom({ invite: [invited], initial_state: [encryption] });
  return made.room_id;
}

/** Both are in it, and the client knows that it is encrypted, and for which devices. */
async function ready(client: MatrixClient, roomId: string) {
  const room = await roomOf(client, roomId);
  const isReady = () => room.getJoinedMembers().length === 2 && room.hasEncryptionStateEvent();
  await until(client, ClientEvent.Sync, isReady);
  await knowingDevicesIn(client, room);
}
