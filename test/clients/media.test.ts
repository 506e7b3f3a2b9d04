import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MatrixClient, MsgType } from 'matrix-js-sdk';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventIn, login, register } from './sdk.ts';
import { npmStart, type ServerUnderTest } from './server.ts';

/** People send each other files through matrix-js-sdk, against a server as `npm start` runs it. */

/** A site that people share links of. */
const site = createServer((request, response) => {
  if (request.url === '/logo.png') void drawn(40, 20).then((logo) => response.end(logo));
  else
    response
      .setHeader('content-type', 'text/html')
      .end('<title>A page</title><meta property="og:image" content="/logo.png">');
});
let server: ServerUnderTest;
beforeAll(async () => {
  await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening));
  const { port } = site.address() as AddressInfo;
  const networks = ['--url-previews-allow-networks', '127.0.0.1'];
  const ports = ['--url-previews-ports', String(port)];
  server = await npmStart(['--url-previews-enabled', 'true', ...networks, ...ports]);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  site.closeAllConnections();
  site.close();
});

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

test('a list of people shows small pictures of them', async () => {
  using alice = await login(server.url, await register(server.url, 'alice'));
  const picture = new Blob([new Uint8Array(await drawn(800, 400))]);
  const { content_uri: url } = await alice.uploadContent(picture, { type: 'image/png' });
  await alice.setAvatarUrl(url);
  const { avatar_url: avatar } = await alice.getProfileInfo(alice.getUserId()!);
  const shown = await fetched(
    alice,
    alice.mxcUrlToHttp(avatar!, 64, 64, 'crop', false, true, true),
  );
  const { format, width, height } = await sharp(shown).metadata();
  expect({ format, width, height }).toEqual({ format: 'jpeg', width: 64, height: 64 });
});

test('a link is shown with its title and a picture', async () => {
  using alice = await login(server.url, await register(server.url, 'alice'));
  const { port } = site.address() as AddressInfo;
  const preview = await alice.getUrlPreview(`http://127.0.0.1:${port}/`, Date.now());
  expect(preview).toMatchObject({ 'og:title': 'A page', 'og:image:width': 40 });
  const small = alice.mxcUrlToHttp(preview['og:image']!, 32, 32, 'scale', false, true, true);
  const { width, height } = await sharp(await fetched(alice, small)).metadata();
  expect({ width, height }).toEqual({ width: 32, height: 16 });
});

async function fetched(client: MatrixClient, address: string | null): Promise<Buffer> {
  const headers = { authorization: `Bearer ${client.getAccessToken()}` };
  const answer = await fetch(address!, { headers });
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

function drawn(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#d04010' } })
    .png()
    .toBuffer();
}
