import { expect, onTestFinished, test, vi } from 'vitest';
import type { JsonObject } from '../server/protocol/json.ts';
import { certificateAuthority } from './support/certificates.ts';
import { memberOf } from './support/federated-room.ts';
import {
  type FederationPeer,
  startPeer,
  type TakenTransaction,
} from './support/federation-peer.ts';
import { temporaryFolder } from './support/folder.ts';
import { type KilledProgram, killedProgram } from './support/killed-program.ts';
import { freshDatabase } from './support/postgres.ts';
import { putRemoteMember } from './support/remote-members.ts';
import { startWriter } from './support/writer.ts';

const PEERS = 10;
const TRANSACTIONS = 1_000;
/** In the middle of these: it is taken, and nobody who sent it hears so. */
const KILLED_AT = [250, 500, 750];

test('over SIGKILLs in the middle of 1,000 outbound transactions no other server loses anything, and nothing takes effect twice', async () => {
  const { ours, peers, token, roomId, taken } = await workbench();
  const said: string[] = [];
  while (taken() < TRANSACTIONS) {
    const body = `${said.length}`;
    const letters = Object.fromEntries(
      peers.map((peer) => [memberOf(peer), { DEVICE: { number: body } }]),
    );
    await ours.ask(`PUT /sendToDevice/org.example/${body}`, token, { messages: letters });
    const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${body}`;
    await ours.ask(`PUT ${path}`, token, { msgtype: 'm.text', body });
    said.push(body);
  }
  await vi.waitFor(() => {
    for (const peer of peers) {
      expect(unique(peer.bodies())).toEqual(new Set(said));
      expect(unique(lettersOf(peer).map(({ number }) => number))).toEqual(new Set(said));
    }
  });
  for (const peer of peers) {
    // What is known by its name is taken once: each is said in one form and by one name, and no name has two contents.
    expect(unique(messagesIn(peer.asked).map((pdu) => JSON.stringify(pdu))).size).toBe(said.length);
    expect(unique(lettersOf(peer).map(({ messageId }) => messageId)).size).toBe(said.length);
    const contents = Map.groupBy(peer.asked, ({ txnId }) => txnId).values();
    for (const same of contents) expect(unique(same.map(({ text }) => text)).size).toBe(1);
  }
}, 300_000);

const unique = (values: readonly unknown[]) => new Set(values);

const messagesIn = (transactions: readonly TakenTransaction[]): JsonObject[] =>
  transactions.flatMap(({ content }) =>
    content.pdus.filter(({ type }) => type === 'm.room.message'),
  );

const lettersOf = (peer: FederationPeer) =>
  peer.edus('m.direct_to_device').map(({ message_id, messages }) => {
    const ofDevices = (messages as JsonObject)[memberOf(peer)] as { DEVICE: { number: string } };
    return { messageId: message_id, number: ofDevices.DEVICE.number };
  });

/** A room of ours in which somebody of each peer is, and which of its transactions end our process. */
async function workbench() {
  const authority = await certificateAuthority();
  const fresh = await freshDatabase();
  onTestFinished(() => fresh[Symbol.asyncDispose]());
  const ours = await killedProgram([
    ...['--data', temporaryFolder(), '--server-name', 'example.org', '--database', fresh.url],
    ...['--password-cost', 'for-tests', '--federation-enabled', 'true'],
    ...['--federation-ca', authority.ca, '--federation-allow-networks', '127.0.0.0/8,::1'],
  ]);
  await ours.start();
  const token = await ours.register('alice');
  const createRoom = { preset: 'public_chat' };
  const { room_id } = await ours.ask('POST /createRoom', token, createRoom);
  const roomId = room_id as `!${string}`;
  await ours.stop();
  const peers = await Promise.all(Array.from({ length: PEERS }, () => startPeer(authority)));
  const log = await startWriter(fresh.url);
  for (const peer of peers)
    await putRemoteMember({ log, database: fresh.database }, roomId as never, {
      ...{ userId: memberOf(peer), membership: 'join' },
    });
  await log.close();
  let taken = 0;
  const kills = new Set(KILLED_AT);
  const failures: unknown[] = [];
  for (const peer of peers)
    peer.behave((_transaction, _answer, take) => {
      taken += 1;
      if (kills.delete(taken))
        void killedIn(ours, failures).then(
          () => take(),
          (error) => failures.push(error),
        );
      else take();
    });
  await ours.start();
  return {
    ...{ ours, peers, token, roomId },
    taken() {
      if (failures.length > 0) throw failures[0];
      return taken;
    },
  };
}

/** Resolves when nobody is there any more to hear what is answered. */
async function killedIn(ours: KilledProgram, failures: unknown[]): Promise<void> {
  await ours.kill();
  ours.start().catch((error) => failures.push(error));
}
