import { describe, expect, test, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { besideSynapse, seen } from '../support/beside-synapse.ts';
import { bodiesOf } from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';

/** Who is in rooms that ours and a whole Synapse share, and what becomes of these when the two do not hear each other. */
const python = findSynapse();
const enc = encodeURIComponent;
const VERSIONS = ['1', '6', '11', '12'];

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python);

  test('it invites us, and hears that we turn that down', async () => {
    const { alice, bob } = both();
    const roomId = await bob.createRoom({ preset: 'private_chat', name: 'Castle' });
    await bob.ask(`POST /rooms/${enc(roomId)}/invite`, { user_id: alice.userId });
    const told = (await alice.rooms()).invite[roomId] as never as Invited;
    expect(told.invite_state.events.map(({ type }) => type)).toContain('m.room.name');
    await alice.post(`/rooms/${enc(roomId)}/leave`);
    await bobSees(roomId, alice.userId, 'leave');
    expect((await alice.rooms()).invite).not.toHaveProperty(roomId);
  });

  test('we invite it, and hear that it turns that down', async () => {
    const { alice, bob } = both();
    const roomId = await alice.createRoom({ preset: 'private_chat', name: 'Castle' });
    await alice.post(`/rooms/${enc(roomId)}/invite`, { user_id: bob.userId });
    const { invite } = (await bob.ask('GET /sync')).rooms as Record<'invite', JsonObject>;
    expect(invite).toHaveProperty(roomId);
    await bob.ask(`POST /rooms/${enc(roomId)}/leave`, {});
    await aliceSees(roomId, bob.userId, 'leave');
  });

  test.each(VERSIONS)(
    'whoever is kicked is out on both sides, who is banned stays out, and who is unbanned comes back (version %s)',
    async (version) => {
      const { alice, bob, synapse, ours } = both();
      const theirs = await bob.createRoom({ room_version: version });
      const own = await alice.createRoom({ room_version: version });
      await alice.join(theirs, synapse);
      await bob.join(own, ours);
      const bobDoes = (what: string) =>
        bob.ask(`POST /rooms/${enc(theirs)}/${what}`, { user_id: alice.userId });
      const aliceDoes = (what: string) =>
        alice.post(`/rooms/${enc(own)}/${what}`, { user_id: bob.userId });

      await bobDoes('kick');
      await vi.waitFor(async () => expect((await alice.rooms()).join).not.toHaveProperty(theirs));
      await bobDoes('ban');
      expect((await alice.join(theirs, synapse)).status).toBe(403);
      await bobDoes('unban');
      expect((await alice.join(theirs, synapse)).status).toBe(200);

      await aliceDoes('kick');
      await bobSees(own, bob.userId, 'leave');
      await aliceDoes('ban');
      await expect(bob.join(own, ours)).rejects.toThrow('403');
      await aliceDoes('unban');
      await bob.join(own, ours);
      await aliceSees(own, bob.userId, 'join');
    },
  );

  test.each(VERSIONS)(
    'what is redacted on one side is gone on the other (version %s)',
    async (version) => {
      const { alice, bob } = both();
      const roomId = await shared(version);
      const { event_id: ofAlice } = await alice.say(roomId, 'a slip');
      const ofBob = await bob.say(roomId, 'another');
      await sameHistory(roomId, ['another', 'a slip']);
      await alice.put(`/rooms/${enc(roomId)}/redact/${enc(ofAlice as string)}/r`, {
        reason: 'mine',
      });
      await bob.ask(`PUT /rooms/${enc(roomId)}/redact/${enc(ofBob)}/r`, {});
      await sameHistory(roomId, []);
    },
  );

  test.each(['7', '10', '12'])(
    'who knocks is let in by the other side (version %s)',
    async (version) => {
      const { alice, bob, synapse, ours } = both();
      const rules = [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }];
      const options = { preset: 'private_chat', room_version: version, initial_state: rules };
      const theirs = await bob.createRoom(options);
      expect((await alice.post(`/knock/${enc(theirs)}?via=${synapse.name}`)).status).toBe(200);
      await bobSees(theirs, alice.userId, 'knock');
      await bob.ask(`POST /rooms/${enc(theirs)}/invite`, { user_id: alice.userId });
      expect((await alice.join(theirs, synapse)).status).toBe(200);

      const own = await alice.createRoom(options);
      await bob.ask(`POST /knock/${enc(own)}?server_name=${ours.name}`, {});
      await aliceSees(own, bob.userId, 'knock');
      await alice.post(`/rooms/${enc(own)}/invite`, { user_id: bob.userId });
      await bob.join(own, ours);
      await aliceSees(own, bob.userId, 'join');
    },
  );

  // Both may do everything, and do the same at once: the versions resolve that in two ways.
  test.each(['1', '2', '6', '10', '12'])(
    'both sides go on while they are cut off from each other, and are at one when they are not (version %s)',
    async (version) => {
      const { alice, bob } = both();
      const roomId = await shared(version);
      await cutOff();
      const state = `/rooms/${enc(roomId)}/state`;
      await alice.put(`${state}/m.room.topic/`, { topic: 'ours' });
      await bob.ask(`PUT ${state}/m.room.topic/`, { topic: 'theirs' });
      await bob.ask(`PUT ${state}/m.room.name/`, { name: 'theirs' });
      await alice.put(`${state}/m.room.join_rules/`, { join_rule: 'invite' });
      await bob.ask(`PUT ${state}/m.room.history_visibility/`, { history_visibility: 'joined' });
      await alice.post(`/rooms/${enc(roomId)}/ban`, { user_id: '@mallory:example.org' });
      await bob.ask(`POST /rooms/${enc(roomId)}/ban`, { user_id: '@trudy:example.org' });
      await alice.say(roomId, 'said here');
      await bob.say(roomId, 'said there');
      await mended();
      await alice.say(roomId, 'together');
      await bob.say(roomId, 'again');
      await vi.waitFor(async () => {
        const [here, there] = [await aliceBodies(roomId), await bobBodies(roomId)];
        const all = ['again', 'said here', 'said there', 'together'];
        expect([here.sort(), there.sort()]).toEqual([all, all]);
        expect(await aliceState(roomId)).toEqual(await bobState(roomId));
      });
    },
  );

  test('what is said while Synapse is down is there when it is up again', async () => {
    const { alice, synapse } = both();
    const roomId = await shared('12');
    await synapse.stop();
    for (const body of ['a', 'b', 'c']) await alice.say(roomId, body);
    await synapse.again();
    await sameHistory(roomId, ['c', 'b', 'a']);
  });

  test('what is said while nobody reaches us is here when they do', async () => {
    const { bob, ours, alice } = both();
    const roomId = await shared('12');
    await ours.reachable(false);
    for (const body of ['a', 'b', 'c']) await bob.say(roomId, body);
    await ours.reachable(true);
    await alice.say(roomId, 'here');
    await sameHistory(roomId, ['a', 'b', 'c', 'here']);
  });

  /** A room of Alice's in which both are, and may do everything. */
  async function shared(version: string): Promise<RoomId> {
    const { alice, bob, ours } = both();
    const roomId = await alice.createRoom({ room_version: version });
    await bob.join(roomId, ours);
    const at = `/rooms/${enc(roomId)}/state/m.room.power_levels/`;
    const { users, ...levels } = await alice.get(at);
    await alice.put(at, { ...levels, users: { ...(users as JsonObject), [bob.userId]: 100 } });
    const told = async () =>
      ((await bob.ask(`GET ${at}`)).users as JsonObject | undefined)?.[bob.userId];
    await seen(told, 100);
    return roomId;
  }

  async function cutOff(): Promise<void> {
    both().line.cut();
    await both().ours.reachable(false);
  }

  async function mended(): Promise<void> {
    both().line.mend();
    await both().ours.reachable(true);
  }

  /** The newest first, which is not the same order where both said something at once. */
  async function sameHistory(roomId: RoomId, bodies: readonly string[]): Promise<void> {
    const expected = [...bodies].sort();
    const onBothSides = async () => [
      (await aliceBodies(roomId)).sort(),
      (await bobBodies(roomId)).sort(),
    ];
    await seen(onBothSides, [expected, expected]);
  }

  const messages = (roomId: string) => `/rooms/${enc(roomId)}/messages?dir=b&limit=100`;
  const aliceBodies = async (roomId: string) =>
    bodiesOf((await both().alice.get(messages(roomId))).chunk as JsonObject[]) as string[];
  const bobBodies = async (roomId: string) =>
    bodiesOf((await both().bob.ask(`GET ${messages(roomId)}`)).chunk as JsonObject[]) as string[];
  const aliceState = async (roomId: string) =>
    eventsByKey(await both().alice.get(`/rooms/${enc(roomId)}/state`));
  const bobState = async (roomId: string) =>
    eventsByKey(await both().bob.ask(`GET /rooms/${enc(roomId)}/state`));

  const memberAt = (roomId: string, userId: string) =>
    `/rooms/${enc(roomId)}/state/m.room.member/${userId}`;
  const bobSees = (roomId: string, userId: string, membership: string) =>
    seen(
      async () => (await both().bob.ask(`GET ${memberAt(roomId, userId)}`)).membership,
      membership,
    );
  const aliceSees = (roomId: string, userId: string, membership: string) =>
    seen(async () => (await both().alice.get(memberAt(roomId, userId))).membership, membership);
});

interface Invited {
  readonly invite_state: { readonly events: readonly JsonObject[] };
}

const eventsByKey = (events: JsonObject): ReadonlyMap<string, unknown> =>
  new Map(
    (events as never as JsonObject[])
      .map(({ type, state_key, event_id }) => [`${type} ${state_key}`, event_id] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
