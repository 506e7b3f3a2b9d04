import { randomBytes } from 'node:crypto';
import { Attachment, EncryptedAttachment } from '@matrix-org/matrix-sdk-crypto-wasm';
import { ClientEvent, type MatrixClient, type MatrixEvent, MsgType } from 'matrix-js-sdk';
import type { EncryptedFile } from 'matrix-js-sdk/lib/types.js';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until as untilSo } from '../../cluster/support/until.ts';
import { engineAnswers } from '../../support/docker-engine.ts';
import { decrypted, knowingDevicesIn, login, register, roomOf, until } from '../sdk.ts';
import { npmStart, type ServerUnderTest } from '../server.ts';
import { accept, signIn, startGomuks } from './gomuks.ts';
import { nioPerson } from './programs.ts';

/** Pictures that the server cannot read, from programs of each kind to each other. */

const withEngine = test.skipIf(!(await engineAnswers()));

let server: ServerUnderTest;
beforeAll(async () => {
  // matrix-nio 0.26 downloads on the paths from before v1.11 alone.
  server = await npmStart(['--media-without-token', 'true']);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const ROOM = 'Lighthouse';
const PEOPLE = 3;
/** Of the 256 that a terminal has, so that it shows just these. */
const RED = '#d70000';
const GREEN = '#00af00';
const BLUE = '#0000d7';

withEngine(
  'pictures that matrix-js-sdk, matrix-nio and gomuks send encrypted are the same at both others',
  async () => {
    const [terminal, python] = [
      await register(server.url, 'terminal'),
      await register(server.url, 'nio'),
    ];
    await using nio = nioPerson(server.url, python);
    await nio.does('login', { password: python.password });
    using sdk = await login(server.url, await register(server.url, 'sdk'), { encryption: true });
    const room = await encryptedRoom(sdk, [terminal.userId, python.userId]);
    await nio.does('join', { room });
    await using gomuks = await startGomuks();
    await signIn(gomuks, server.url, terminal);
    await accept(gomuks, ROOM);
    await allThere(sdk, room);
    const seenByNio = async (name: string) => {
      const { picture } = await nio.does<{ picture: string }>('see', { room, name });
      return Buffer.from(picture, 'base64');
    };
    const untilShown = (name: string, color: string) =>
      untilSo(`gomuks shows ${name}`, async () => shows(await gomuks.picture(name), color));

    const red = await drawn(RED);
    await show(sdk, room, 'red.png', red);
    expect(await seenByNio('red.png')).toEqual(red);
    await untilShown('pictures-red', RED);

    const green = await drawn(GREEN);
    const picture = green.toString('base64');
    await nio.does('show', { room, people: PEOPLE, name: 'green.png', picture });
    expect(await seenBySdk(sdk, await decrypted(sdk, room, 'green.png'))).toEqual(green);
    await untilShown('pictures-green', GREEN);

    const blue = await drawn(BLUE);
    await gomuks.has('blue.png', blue);
    await gomuks.types('/upload blue.png');
    await gomuks.presses('Enter');
    expect(await seenBySdk(sdk, await decrypted(sdk, room, 'blue.png'))).toEqual(blue);
    expect(await seenByNio('blue.png')).toEqual(blue);
    await untilShown('pictures-blue', BLUE);
    process.stdout.write(`gomuks, as it looks: ${await gomuks.picture('pictures')}\n`);
  },
);

async function encryptedRoom(client: MatrixClient, invite: string[]): Promise<string> {
  const content = { algorithm: 'm.megolm.v1.aes-sha2' };
  const encryption = { type: 'm.room.encryption', state_key: '', content };
  const made = await client.createRoom({ name: ROOM, invite, initial_state: [encryption] });
  return made.room_id;
}

async function allThere(client: MatrixClient, roomId: string): Promise<void> {
  const room = await roomOf(client, roomId);
  await until(client, ClientEvent.Sync, () => room.getJoinedMembers().length === PEOPLE);
  await knowingDevicesIn(client, room);
}

/** As Element does it: encrypted here, and the key goes in the message. */
async function show(client: MatrixClient, roomId: string, name: string, picture: Buffer) {
  const sealed = Attachment.encrypt(picture);
  const bytes = new Uint8Array(sealed.encryptedData);
  const { content_uri: url } = await client.uploadContent(new Blob([bytes]), {
    ...{ type: 'application/octet-stream', includeFilename: false },
  });
  const file: EncryptedFile = { ...JSON.parse(sealed.mediaEncryptionInfo!), url };
  const info = { mimetype: 'image/png', size: picture.length };
  await client.sendMessage(roomId, { msgtype: MsgType.Image, body: name, info, file });
}

async function seenBySdk(client: MatrixClient, event: MatrixEvent): Promise<Buffer> {
  expect(event.isEncrypted()).toBe(true);
  const { url, ...keys } = event.getContent().file as EncryptedFile;
  const address = client.mxcUrlToHttp(url, undefined, undefined, undefined, false, true, true);
  const headers = { authorization: `Bearer ${client.getAccessToken()}` };
  const given = await fetch(address!, { headers });
  expect(given.status).toBe(200);
  const sealed = new Uint8Array(await given.arrayBuffer());
  return Buffer.from(Attachment.decrypt(new EncryptedAttachment(sealed, JSON.stringify(keys))));
}

/** One colour, and noise in a corner, so that no two are the same. */
async function drawn(background: string): Promise<Buffer> {
  const channels = 3;
  const noise = { raw: { width: 8, height: 8, channels } as const };
  return sharp({ create: { width: 240, height: 160, channels, background } })
    .composite([{ input: randomBytes(8 * 8 * channels), ...noise, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** A field of the colour stands in the window. */
async function shows(file: string, color: string): Promise<boolean> {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  const { data, info } = await sharp(file)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  let found = 0;
  for (let at = 0; at < data.length; at += info.channels)
    if (data[at] === r && data[at + 1] === g && data[at + 2] === b) found += 1;
  return found > FIELD;
}

/** Pixels: of text in that colour there are never so many. */
const FIELD = 5_000;
