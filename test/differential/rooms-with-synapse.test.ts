import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../server/protocol/json.ts';
import { type Authority, certificateAuthority } from '../support/certificates.ts';
import { type FederatingServer, federating } from '../support/federating.ts';
import {
  bodiesOf,
  idOf,
  keysOf,
  type Person,
  pagedBack,
  personAt,
  VERSIONS,
} from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';
import { type SynapseServer, startSynapse } from './synapse-server.ts';

let said = 0;

/** Rooms that ours and a whole Synapse share, over TLS. */
const python = findSynapse();
if (python === undefined)
  console.warn('Left out: rooms with Synapse. `pip install matrix-synapse` brings it.');

const CLIENT = '/_matrix/client/v3';
const enc = encodeURIComponent;

describe.skipIf(python === undefined)('with Synapse', () => {
  let authority: Authority;
  let synapse: SynapseServer;
  let ours: FederatingServer;
  let alice: Person;
  let bob: string;
  let bobId: string;
  beforeAll(async () => {
    authority = await certificateAuthority();
    synapse = await startSynapse(python!, authority);
    ours = await federating(authority);
    // Theirs is the machine's, and its keys hold for a day.
    ours.clock.ms = Date.now();
    alice = await personAt(ours, 'alice');
    bob = await synapse.register('bob');
    bobId = `@bob:${synapse.name}`;
  });
  afterAll(async () => {
    await ours?.[Symbol.asyncDispose]();
    await synapse?.[Symbol.asyncDispose]();
  });

  const bobAsks = (call: string, body?: JsonObject) => {
    const [method, path] = call.split(' ');
    return synapse.ask(`${method} ${CLIENT}${path}`, { token: bob, ...(body && { body }) });
  };
  const makesRoom = async (options: JsonObject) =>
    (await bobAsks('POST /createRoom', { preset: 'public_chat', ...options })).room_id as never;
  const bobSays = (roomId: string, body: string) =>
    bobAsks(`PUT /rooms/${enc(roomId)}/send/m.room.message/${++said}`, { msgtype: 'm.text', body });
  const messages = (roomId: string, query: string) => `GET /rooms/${enc(roomId)}/messages?${query}`;
  const bobHistory = (roomId: string) => pagedBack((query) => bobAsks(messages(roomId, query)), 5);
  const aliceHistory = (roomId: string) =>
    pagedBack(async (query) => {
      const { body } = await ours.ask(messages(roomId, query), { token: alice.token });
      return body;
    }, 5);
  const bobSees = async (roomId: string) =>
    ((await bobAsks(messages(roomId, 'dir=b&limit=50'))).chunk as JsonObject[])
      .map(({ content }) => (content as JsonObject).body)
      .filter((body) => body !== undefined);

  test.each(VERSIONS)(
    'we come into its rooms, and are heard there (version %s)',
    async (version) => {
      const roomId = await makesRoom({ room_version: version, name: 'Castle' });
      const joined = await alice.join(roomId, synapse);
      expect(joined).toEqual({ status: 200, body: { room_id: roomId } });
      const { state } = (await alice.joined(roomId))!;
      expect(keysOf(state.events)).toContain(`m.room.member ${bobId}`);
      expect(keysOf(state.events)).toContain('m.room.name');
      await alice.say(roomId, 'hello');
      await vi.waitFor(async () => expect(await bobSees(roomId)).toEqual(['hello']));
      await alice.post(`/rooms/${enc(roomId)}/leave`);
      await vi.waitFor(async () =>
        expect(
          (await bobAsks(`GET /rooms/${enc(roomId)}/joined_members`)).joined,
        ).not.toHaveProperty(alice.userId),
      );
    },
  );

  test.each(VERSIONS)(
    'who comes into a room of the other pages back to its first event (version %s)',
    async (version) => {
      const theirs = await makesRoom({ room_version: version, name: 'Castle' });
      for (const body of ['a', 'b', 'c']) await bobSays(theirs, body);
      await alice.join(theirs, synapse);
      const seen = await aliceHistory(theirs);
      expect(seen.map(idOf)).toEqual((await bobHistory(theirs)).map(idOf));
      expect(bodiesOf(seen)).toEqual(['c', 'b', 'a']);

      const own = await alice.createRoom({ room_version: version });
      for (const body of ['a', 'b', 'c']) await alice.say(own, body);
      await bobAsks(`POST /join/${enc(own)}?server_name=${ours.name}`, {});
      const theirView = await bobHistory(own);
      expect(theirView.map(idOf)).toEqual((await aliceHistory(own)).map(idOf));
      expect(bodiesOf(theirView)).toEqual(['c', 'b', 'a']);
    },
  );

  test.each(VERSIONS)('it comes into our rooms, and hears us (version %s)', async (version) => {
    const roomId = await alice.createRoom({ room_version: version });
    await bobAsks(`POST /join/${enc(roomId)}?server_name=${ours.name}`, {});
    const room = await ours.features.rooms.open(roomId);
    expect(room?.membershipOf(bobId as never)).toBe('join');
    await alice.say(roomId, 'welcome');
    await vi.waitFor(async () => expect(await bobSees(roomId)).toEqual(['welcome']));
  });
});
