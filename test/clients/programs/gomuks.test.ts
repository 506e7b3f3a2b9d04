import { ClientEvent } from 'matrix-js-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineAnswers } from '../../support/docker-engine.ts';
import { decrypted, knowingDevicesIn, login, register, roomOf, until } from '../sdk.ts';
import { npmStart, type ServerUnderTest } from '../server.ts';
import { accept, signIn, startGomuks } from './gomuks.ts';

/** A whole program that people use, from its login to what they read in it. */

const withEngine = test.skipIf(!(await engineAnswers()));

let server: ServerUnderTest;
beforeAll(async () => {
  server = await npmStart();
});
afterAll(() => server?.[Symbol.asyncDispose]());

withEngine(
  'somebody signs in with gomuks, joins where they are invited, and says and reads what is encrypted',
  async () => {
    const account = await register(server.url, 'terminal');
    using sdk = await login(server.url, await register(server.url, 'sdk'), { encryption: true });
    const roomId = await encryptedRoom(sdk, account.userId);
    await using gomuks = await startGomuks();
    await signIn(gomuks, server.url, account);
    await accept(gomuks, ROOM);
    const room = await roomOf(sdk, roomId);
    await until(sdk, ClientEvent.Sync, () => room.getJoinedMembers().length === 2);
    await knowingDevicesIn(sdk, room);

    await sdk.sendTextMessage(roomId, 'from JavaScript');
    await gomuks.shows('from JavaScript');
    await gomuks.types('from a terminal');
    await gomuks.presses('Enter');
    const event = await decrypted(sdk, roomId, 'from a terminal');
    expect([event.getSender(), event.isEncrypted()]).toEqual([account.userId, true]);
    await gomuks.shows('from a terminal');
    process.stdout.write(`gomuks, as it looks: ${await gomuks.picture('gomuks')}\n`);
  },
);

const ROOM = 'Lighthouse';

async function encryptedRoom(
  client: Awaited<ReturnType<typeof login>>,
  invited: string,
): Promise<string> {
  const content = { algorithm: 'm.megolm.v1.aes-sha2' };
  const { room_id: roomId } = await client.createRoom({
    ...{ name: ROOM, invite: [invited] },
    initial_state: [{ type: 'm.room.encryption', state_key: '', content }],
  });
  return roomId;
}
