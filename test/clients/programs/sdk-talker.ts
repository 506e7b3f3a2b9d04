import {
  ClientEvent,
  EventStatus,
  HttpApiEvent,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
} from 'matrix-js-sdk';
import { fetchAsAppsDo } from '../../cluster/support/chat.ts';
import { complaints, knowingDevicesIn, login, register, roomOf, until } from '../sdk.ts';
import type { Heard, Program, Said, Server } from './programs.ts';

/** Somebody with matrix-js-sdk and its Rust crypto, in this process. */
export interface SdkTalker extends Program {
  readonly userId: string;
  /** Makes an encrypted room, and resolves when these have joined it. */
  openRoom(others: readonly string[]): Promise<string>;
}

export async function sdkTalker({ url, ca }: Server): Promise<SdkTalker> {
  if (ca !== undefined) fetchAsAppsDo(ca);
  const client = await login(url, await register(url, 'sdk'), { encryption: true });
  const notes = { heard: [] as Heard[], said: [] as Said[], unreadable: [] as string[] };
  client.on(MatrixEventEvent.Decrypted, (event) => {
    if (event.getSender() === client.getUserId()) return;
    if (event.isDecryptionFailure())
      notes.unreadable.push(`${event.getId()} of ${event.getSender()}`);
    else notes.heard.push(heardIn(event));
  });
  client.on(HttpApiEvent.SessionLoggedOut, () => notes.unreadable.push('all: it was logged out'));
  let roomId = '';
  return {
    ...notes,
    userId: client.getUserId()!,
    printed: complaints,
    dies: new Promise<never>(() => {}),
    write: (body) => void say(client, roomId, body).then((said) => notes.said.push(said)),
    async openRoom(others) {
      roomId = await openRoom(client, others);
      return roomId;
    },
    async [Symbol.asyncDispose]() {
      client.stopClient();
    },
  };
}

const heardIn = (event: MatrixEvent): Heard => ({
  sender: event.getSender()!,
  body: String(event.getContent().body),
  at: Date.now(),
});

/** Until it is acknowledged, as whoever presses "try again" does: the event that was not sent goes out again. */
async function say(client: MatrixClient, roomId: string, body: string): Promise<Said> {
  const askedAt = Date.now();
  await client.sendTextMessage(roomId, body).catch(async () => {
    for (let unsent = notSent(client, roomId); unsent; unsent = notSent(client, roomId))
      await client.resendEvent(unsent, client.getRoom(roomId)!).catch(() => undefined);
  });
  return { body, askedAt, acknowledgedAt: Date.now() };
}

const notSent = (client: MatrixClient, roomId: string): MatrixEvent | undefined =>
  client
    .getRoom(roomId)!
    .getLiveTimeline()
    .getEvents()
    .find(({ status }) => status === EventStatus.NOT_SENT);

/** A session of a few messages only, so that new ones are handed out all the time: also while a site is lost. */
const MESSAGES_OF_A_SESSION = 5;

async function openRoom(client: MatrixClient, others: readonly string[]): Promise<string> {
  const algorithm = 'm.megolm.v1.aes-sha2';
  const content = { algorithm, rotation_period_msgs: MESSAGES_OF_A_SESSION };
  const { room_id: roomId } = await client.createRoom({
    invite: [...others],
    initial_state: [{ type: 'm.room.encryption', state_key: '', content }],
  });
  const room = await roomOf(client, roomId);
  const isReady = () =>
    room.getJoinedMembers().length === others.length + 1 && room.hasEncryptionStateEvent();
  await until(client, ClientEvent.Sync, isReady);
  await knowingDevicesIn(client, room);
  return roomId;
}
