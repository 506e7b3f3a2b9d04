import { describe, expect, test, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { besideSynapse, seen } from '../support/beside-synapse.ts';
import { bodiesOf, idOf, keysOf, pagedBack, VERSIONS } from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';

/** Rooms that ours and a whole Synapse share, over TLS. */
const python = findSynapse();
if (python === undefined)
  console.warn('Left out: rooms with Synapse. `pip install matrix-synapse` brings it.');

const enc = encodeURIComponent;

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python);
  const messages = (roomId: RoomId, query: string) => `/rooms/${enc(roomId)}/messages?${query}`;
  const bobAsks = (roomId: RoomId, query: string) =>
    both().bob.ask(`GET ${messages(roomId, query)}`);
  const bobHistory = (roomId: RoomId) => pagedBack((query) => bobAsks(roomId, query), 5);
  const aliceHistory = (roomId: RoomId) =>
    pagedBack((query) => both().alice.get(messages(roomId, query)), 5);
  const bobSees = async (roomId: RoomId) =>
    bodiesOf((await bobAsks(roomId, 'dir=b&limit=50')).chunk as JsonObject[]);

  test.each(VERSIONS)(
    'we come into its rooms, and are heard there (version %s)',
    async (version) => {
      const { alice, bob, synapse } = both();
      const roomId = await bob.createRoom({ room_version: version, name: 'Castle' });
      const joined = await alice.join(roomId, synapse);
      expect(joined).toEqual({ status: 200, body: { room_id: roomId } });
      const { state } = (await alice.joined(roomId))!;
      expect(keysOf(state.events)).toContain(`m.room.member ${bob.userId}`);
      expect(keysOf(state.events)).toContain('m.room.name');
      await alice.say(roomId, 'hello');
      await seen(() => bobSees(roomId), ['hello']);
      await alice.post(`/rooms/${enc(roomId)}/leave`);
      await vi.waitFor(async () =>
        expect(
          (await bob.ask(`GET /rooms/${enc(roomId)}/joined_members`)).joined,
        ).not.toHaveProperty(alice.userId),
      );
    },
  );

  test.each(VERSIONS)(
    'who comes into a room of the other pages back to its first event (version %s)',
    async (version) => {
      const { alice, bob, synapse, ours } = both();
      const theirs = await bob.createRoom({ room_version: version, name: 'Castle' });
      for (const body of ['a', 'b', 'c']) await bob.say(theirs, body);
      await alice.join(theirs, synapse);
      const ourView = await aliceHistory(theirs);
      expect(ourView.map(idOf)).toEqual((await bobHistory(theirs)).map(idOf));
      expect(bodiesOf(ourView)).toEqual(['c', 'b', 'a']);

      const own = await alice.createRoom({ room_version: version });
      for (const body of ['a', 'b', 'c']) await alice.say(own, body);
      await bob.join(own, ours);
      const theirView = await bobHistory(own);
      expect(theirView.map(idOf)).toEqual((await aliceHistory(own)).map(idOf));
      expect(bodiesOf(theirView)).toEqual(['c', 'b', 'a']);
    },
  );

  test.each(VERSIONS)('it comes into our rooms, and hears us (version %s)', async (version) => {
    const { alice, bob, ours } = both();
    const roomId = await alice.createRoom({ room_version: version });
    await bob.join(roomId, ours);
    const room = await ours.features.rooms.open(roomId);
    expect(room?.membershipOf(bob.userId as never)).toBe('join');
    await alice.say(roomId, 'welcome');
    await seen(() => bobSees(roomId), ['welcome']);
  });
});
