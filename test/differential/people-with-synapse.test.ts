import { describe, expect, test, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { decrypted, knowingDevicesIn, roomOf, type Session, startClient } from '../clients/sdk.ts';
import { besideSynapse } from '../support/beside-synapse.ts';
import { findSynapse } from './peer.ts';

/** What people at ours and at a whole Synapse do together: they come in by being in another room, and write in secret. */
const python = findSynapse();
const enc = encodeURIComponent;

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python);

  test.each(['8', '10', '12'])(
    'who is in a room that a restricted one names comes in from the other side, and nobody else does (version %s)',
    async (version) => {
      const { alice, bob, synapse, ours } = both();
      const restrictedTo = (room_id: string) => ({
        ...{ preset: 'private_chat', room_version: version },
        initial_state: [
          {
            ...{ type: 'm.room.join_rules', state_key: '' },
            content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id }] },
          },
        ],
      });
      const ourLobby = await alice.createRoom({ room_version: version });
      const own = await alice.createRoom(restrictedTo(ourLobby));
      await expect(bob.join(own, ours)).rejects.toThrow('403');
      await bob.join(ourLobby, ours);
      await bob.join(own, ours);
      await vi.waitFor(async () => expect(await membershipHere(own, bob.userId)).toBe('join'));

      const theirLobby = await bob.createRoom({ room_version: version });
      const theirs = await bob.createRoom(restrictedTo(theirLobby));
      expect((await alice.join(theirs, synapse)).status).toBe(403);
      expect((await alice.join(theirLobby, synapse)).status).toBe(200);
      expect((await alice.join(theirs, synapse)).status).toBe(200);
      const { content } = await memberHere(theirs, alice.userId);
      expect(content).toMatchObject({ join_authorised_via_users_server: bob.userId });
      const { event_id } = await alice.say(theirs, 'let in');
      await vi.waitFor(() => bob.ask(`GET /rooms/${enc(theirs)}/event/${enc(event_id as string)}`));
    },
  );

  test('two people read what the other wrote in an encrypted room, and neither server can', async () => {
    const { alice, bob, ours, synapse } = both();
    using a = await startClient(ours.origin, await sessionOf(alice), { encryption: true });
    using b = await startClient(
      `https://${synapse.name}`,
      await sessionOf({ ...bob, get: (path) => bob.ask(`GET ${path}`) }),
      { encryption: true, fetchFn: synapse.fetch },
    );
    const state = [
      {
        ...{ type: 'm.room.encryption', state_key: '' },
        content: { algorithm: 'm.megolm.v1.aes-sha2' },
      },
    ];
    const roomId = await alice.createRoom({ initial_state: state });
    await bob.join(roomId, ours);
    for (const client of [a, b]) {
      const room = await roomOf(client, roomId);
      await vi.waitFor(() => expect(room.getJoinedMembers()).toHaveLength(2));
      await knowingDevicesIn(client, room);
    }
    const { event_id } = await a.sendTextMessage(roomId, 'our secret');
    await decrypted(b, roomId, 'our secret');
    await b.sendTextMessage(roomId, 'well kept');
    await decrypted(a, roomId, 'well kept');
    const stored = await bob.ask(`GET /rooms/${enc(roomId)}/event/${enc(event_id)}`);
    expect(stored.type).toBe('m.room.encrypted');
    expect(JSON.stringify(stored)).not.toContain('our secret');
  });

  async function memberHere(roomId: RoomId, userId: string): Promise<JsonObject> {
    const { alice } = both();
    const all = (await alice.get(`/rooms/${enc(roomId)}/state`)) as never as JsonObject[];
    return all.find(({ type, state_key }) => type === 'm.room.member' && state_key === userId)!;
  }

  const membershipHere = async (roomId: RoomId, userId: string) =>
    ((await memberHere(roomId, userId))?.content as JsonObject | undefined)?.membership;
});

async function sessionOf(person: {
  readonly userId: string;
  readonly token: string;
  get(path: string): Promise<JsonObject>;
}): Promise<Session> {
  const { device_id } = await person.get('/account/whoami');
  const session = { user_id: person.userId, access_token: person.token };
  return { ...session, device_id: device_id as string };
}
