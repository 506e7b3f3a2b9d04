import { randomBytes } from 'node:crypto';
import { MsgType } from 'matrix-js-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventIn, login, register } from './sdk.ts';
import { npmStart, type ServerUnderTest } from './server.ts';

/** People send each other files through matrix-js-sdk, against a server as `npm start` runs it. */

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test('a picture that one person sends is the same at the other', async () => {
  using alice = await login(server.url, await register(server.url, 'alice'));
  using bob = await login(server.url, await register(server.url, 'bob'));
  const { room_id: roomId } = await alice.createRoom({ invite: [bob.getUserId()!] });
  await bob.joinRoom(roomId);
  expect(await alice.getMediaConfig(true)).toEqual({ 'm.upload.size': 50 * 1024 * 1024 });
  const picture = randomBytes(300_000);
  const options = { name: 'Kätzchen.png', type: 'image/png' };
  const { content_uri: url } = await alice.uploadContent(new Blob([picture]), options);
  await alice.sendMessage(roomId, { msgtype: MsgType.Image, body: options.name, url });
  const received = await eventIn(bob, roomId, (event) => event.getContent().url === url);
  const address = bob.mxcUrlToHttp(
    received.getContent().url,
    undefined,
    undefined,
    undefined,
    false,
    true,
    true,
  );
  const headers = { authorization: `Bearer ${bob.getAccessToken()}` };
  const answer = await fetch(address!, { headers });
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('content-disposition')).toBe(
    "inline; filename*=utf-8''K%C3%A4tzchen.png",
  );
  expect(Buffer.from(await answer.arrayBuffer()).equals(picture)).toBe(true);
});

test('an avatar is uploaded and shown in a profile', async () => {
  using alice = await login(server.url, await register(server.url, 'alice'));
  const avatar = randomBytes(20_000);
  const { content_uri: url } = await alice.uploadContent(new Blob([avatar]), { type: 'image/png' });
  await alice.setAvatarUrl(url);
  const { avatar_url: shown } = await alice.getProfileInfo(alice.getUserId()!);
  const address = alice.mxcUrlToHttp(shown!, undefined, undefined, undefined, false, true, true);
  const headers = { authorization: `Bearer ${alice.getAccessToken()}` };
  const answer = await fetch(address!, { headers });
  expect(Buffer.from(await answer.arrayBuffer()).equals(avatar)).toBe(true);
});
