import type { MatrixClient } from 'matrix-js-sdk';
import { Agent, fetch as fetchThrough } from 'undici';
import { login, messageIn, register, roomOf } from '../../clients/sdk.ts';
import type { Cluster } from './cluster.ts';
import { FRONT_PORT } from './site-files.ts';

/** Two people in an encrypted room, on matrix-js-sdk, through the floating address. */
export interface Chat extends Disposable {
  /** Each says something, and resolves when the other has decrypted it. */
  talk(): Promise<void>;
  /** What each of them was shown, in order. */
  shown(): readonly (readonly string[])[];
  /** What was said, in order. */
  readonly said: readonly string[];
}

export async function startChat(cluster: Cluster): Promise<Chat> {
  fetchAsAppsDo(cluster.ca);
  const url = `https://${cluster.plan.address}:${FRONT_PORT}`;
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map(async (name) => {
      return login(url, await register(url, name), { encryption: true });
    }),
  );
  const roomId = await openEncryptedRoom(alice!, bob!);
  const said: string[] = [];
  const say = async (from: MatrixClient, to: MatrixClient, text: string) => {
    await from.sendTextMessage(roomId, text);
    said.push(text);
    await messageIn(to, roomId, text);
  };
  return {
    said,
    async talk() {
      await say(alice!, bob!, `question ${said.length}`);
      await say(bob!, alice!, `answer ${said.length}`);
    },
    shown: () => [alice!, bob!].map((person) => messagesOf(person, roomId)),
    [Symbol.dispose]() {
      alice!.stopClient();
      bob!.stopClient();
    },
  };
}

async function openEncryptedRoom(alice: MatrixClient, bob: MatrixClient): Promise<string> {
  const { room_id: roomId } = await alice.createRoom({
    invite: [bob.getUserId()!],
    initial_state: [
      {
        type: 'm.room.encryption',
        state_key: '',
        content: { algorithm: 'm.megolm.v1.aes-sha2' },
      },
    ],
  });
  await roomOf(bob, roomId, 'invite');
  await bob.joinRoom(roomId);
  await Promise.all([roomOf(alice, roomId), roomOf(bob, roomId)]);
  return roomId;
}

function messagesOf(person: MatrixClient, roomId: string): string[] {
  const events = person.getRoom(roomId)?.getLiveTimeline().getEvents() ?? [];
  return events
    .filter((event) => event.getType() === 'm.room.message')
    .map((event) => String(event.getContent().body));
}

/** The cluster's authority is trusted, and a dead peer is probed, as browsers do it, but sooner. */
export function fetchAsAppsDo(ca: string) {
  const dispatcher = new Agent({ connect: { ca, keepAliveInitialDelay: 1000, timeout: 3000 } });
  globalThis.fetch = ((input: string, init: object) =>
    fetchThrough(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
