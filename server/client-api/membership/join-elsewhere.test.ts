import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { federating, startFederating } from '../../../test/support/federating.ts';
import {
  aliceAndBob,
  JOINING,
  keysOf,
  type Person,
  personAt,
  VERSIONS,
} from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

describe.each(JOINING)('a room is joined %s', (_joining, federation) => {
  test.each(VERSIONS)(
    'who joins a room of another server finds it in /sync with its state (version %s)',
    async (version) => {
      const [alice, bob] = await aliceAndBob(authority, federation);
      const roomId = await alice.createRoom({ room_version: version, name: 'Castle' });
      await alice.say(roomId, 'before');
      expect(await bob.join(roomId, alice.server)).toEqual({
        status: 200,
        body: { room_id: roomId },
      });
      const { state, timeline } = (await bob.joined(roomId))!;
      expect(keysOf(timeline.events)).toEqual([`m.room.member ${bob.userId}`]);
      expect(keysOf(state.events).sort()).toEqual(
        [
          ...['m.room.create', 'm.room.power_levels', 'm.room.join_rules', 'm.room.name'],
          ...['m.room.history_visibility', 'm.room.guest_access', `m.room.member ${alice.userId}`],
        ].sort(),
      );
      expect(await membersAt(alice, roomId)).toEqual([alice.userId, bob.userId].sort());
      await bob.say(roomId, 'hello');
      const then = (await bob.joined(roomId))!.timeline;
      expect(then.events.at(-1)).toMatchObject({ content: { body: 'hello' } });
    },
  );

  test('who comes second to a room of another server needs ask nobody', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const carol = await personAt(bob.server, 'carol');
    const roomId = await alice.createRoom();
    const handedIn = vi.spyOn(alice.server.features.submissions, 'take');
    const answers = await Promise.all([
      bob.join(roomId, alice.server),
      carol.join(roomId, alice.server),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await membersAt(bob, roomId)).toEqual([alice, bob, carol].map(({ userId }) => userId));
    expect(handedIn).toHaveBeenCalledOnce();
  });

  test('a room is joined by an alias of its server, and by that alone', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom({ room_alias_name: 'castle' });
    const path = (name: string) => `/join/${encodeURIComponent(`#${name}:${alice.server.name}`)}`;
    expect(await bob.post(path('ruin'))).toMatchObject({ status: 404, body: NOT_FOUND });
    expect(await bob.post(path('castle'))).toEqual({ status: 200, body: { room_id: roomId } });
    expect(await membersAt(bob, roomId)).toContain(bob.userId);
  });

  test('of an alias whose server is not there nobody knows the room, which is no fault of ours', async () => {
    const [, bob] = await aliceAndBob(authority, federation);
    const alias = encodeURIComponent('#castle:localhost:1');
    const found = await bob.server.ask(`GET /directory/room/${alias}`);
    expect(found).toMatchObject({ status: 502, body: { errcode: 'M_UNKNOWN' } });
    expect(await bob.post(`/join/${alias}`)).toMatchObject({ status: 502 });
  });

  test('who may not come in is told so, and nothing of the room is here', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom({ preset: 'private_chat' });
    expect(await bob.join(roomId, alice.server)).toMatchObject({ status: 403, body: FORBIDDEN });
    const nowhere = `!nowhere:${alice.server.name}` as RoomId;
    expect(await bob.join(nowhere, alice.server)).toMatchObject({ status: 404, body: NOT_FOUND });
    const { join, leave, invite } = await bob.rooms();
    expect({ join, leave, invite }).toEqual({ join: {}, leave: {}, invite: {} });
    expect(await events(bob)).toBe(0);
  });

  test('a room whose server is not there cannot be joined, and another that is in it is asked', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom();
    const join = `/join/${encodeURIComponent(roomId)}`;
    expect((await bob.post(`${join}?via=localhost:1`)).status).toBe(502);
    expect((await bob.post(`${join}?via=localhost:1&via=${alice.server.name}`)).status).toBe(200);
  });

  test('a room whose first server is gone is joined through one that knows its keys', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const first = await federating(authority, { federation });
    const carol = await personAt(first, 'carol');
    const roomId = await carol.createRoom();
    expect((await alice.join(roomId, first)).status).toBe(200);
    await first[Symbol.asyncDispose]();
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    const everybody = [alice, bob, carol].map(({ userId }) => userId).sort();
    expect(await membersAt(bob, roomId)).toEqual(everybody);
  });

  test('of what is said beside a join nothing from before it is told as new', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom({ room_version: '12' });
    let last = '';
    for (const text of ['1', '2', '3']) last = (await alice.say(roomId, text)).event_id as string;
    const beside = await saidUpon(alice, roomId, last);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    const rooms = (who: Person) => who.server.features.rooms;
    const origin = alice.server.name;
    const take = (who: Person) => rooms(who).receiver.receive(roomId, [beside], { origin });
    for (const who of [alice, bob])
      expect((await take(who)).map(({ kind }) => kind)).toEqual(['accepted']);
    const { timeline, state } = (await bob.joined(roomId))!;
    // What it follows is not here: the timeline begins there, and the join is in the state before.
    const bodies = timeline.events.map(({ content }) => (content as JsonObject).body);
    expect([timeline.limited, bodies]).toEqual([true, ['beside']]);
    expect(state.events.map(({ state_key }) => state_key)).toContain(bob.userId);
  });

  test.each(['6', '12'])(
    'the state that a join brought finds its places when all of it is sent once more (version %s)',
    async (version) => {
      const [alice, bob] = await aliceAndBob(authority, federation);
      const roomId = await alice.createRoom({ room_version: version, name: 'Castle' });
      await bob.join(roomId, alice.server);
      const stored = await alice.server.fresh.database.query<{ json: string }>(
        'all_before',
        `SELECT json FROM event WHERE sender = '${alice.userId}' ORDER BY event_nid`,
      );
      const rooms = (who: Person) => who.server.features.rooms;
      const before = await stateAt(bob, roomId);
      for (const { json } of stored) {
        const from = { origin: alice.server.name };
        const [taken] = await rooms(bob).receiver.receive(roomId, [JSON.parse(json)], from);
        expect(taken).toMatchObject({ kind: 'accepted' });
      }
      expect(await stateAt(bob, roomId)).toEqual(before);
      await bob.say(roomId, 'goes on');
      await expect.poll(() => bodiesAt(alice, roomId)).toEqual(['goes on']);
    },
  );

  test('who left a room of another server comes back to it as it is by then', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom({ name: 'Castle' });
    await bob.join(roomId, alice.server);
    await bob.post(`/rooms/${encodeURIComponent(roomId)}/leave`);
    await alice.put(`/rooms/${encodeURIComponent(roomId)}/state/m.room.name/`, { name: 'Ruin' });
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    const { state } = (await bob.joined(roomId))!;
    const named = state.events.find(({ type }) => type === 'm.room.name');
    expect(named).toMatchObject({ content: { name: 'Ruin' } });
  });

  test('who comes back to a room of another server is heard by who came meanwhile', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const carol = await personAt(await startFederating(authority, { federation }), 'carol');
    const roomId = await alice.createRoom();
    await bob.join(roomId, alice.server);
    await bob.say(roomId, 'before');
    await expect.poll(() => bodiesAt(alice, roomId)).toEqual(['before']);
    await bob.post(`/rooms/${encodeURIComponent(roomId)}/leave`);
    await carol.join(roomId, alice.server);
    await bob.join(roomId, alice.server);
    await bob.say(roomId, 'behind');
    await expect.poll(() => bodiesAt(carol, roomId)).toEqual(['behind']);
  });

  test('where somebody of another server is, is looked up again when a room is entered', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const { rooms } = bob.server.features;
    expect((await rooms.roomsOf(alice.userId as never)).size).toBe(0);
    const roomId = await alice.createRoom();
    await bob.join(roomId, alice.server);
    expect([...(await rooms.roomsOf(alice.userId as never)).keys()]).toEqual([roomId]);
  });

  test('who is in another room comes in by a member of its server, who signs along', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const club = await alice.createRoom();
    await bob.join(club, alice.server);
    const join_rule = {
      join_rule: 'restricted',
      allow: [{ type: 'm.room_membership', room_id: club }],
    };
    const initial_state = [{ type: 'm.room.join_rules', state_key: '', content: join_rule }];
    const roomId = await alice.createRoom({ preset: 'private_chat', initial_state });
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    const own = (await bob.joined(roomId))!.timeline.events[0];
    expect(own).toMatchObject({ content: { join_authorised_via_users_server: alice.userId } });
    const [stored] = await bob.server.fresh.database.query<{ json: string }>(
      'own_join',
      `SELECT json FROM event WHERE sender = '${bob.userId}' ORDER BY event_nid DESC LIMIT 1`,
    );
    const { signatures } = JSON.parse(stored!.json) as { signatures: JsonObject };
    expect(Object.keys(signatures).sort()).toEqual([alice.server.name, bob.server.name].sort());
  });

  test('what a writer had of a room when it died is taken up by the next attempt', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const roomId = await alice.createRoom({ name: 'Castle' });
    const stop = stopsBefore(bob, 'insert_event');
    expect((await bob.join(roomId, alice.server)).status).toBe(500);
    stop.restore();
    expect(await bob.joined(roomId)).toBeUndefined();
    const left = await events(bob);
    expect(left).toBeGreaterThan(5);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    // Their first join, and the second.
    expect(await events(bob)).toBe(left + 2);
    expect(keysOf((await bob.joined(roomId))!.state.events)).toContain('m.room.name');
  });
});

const NOT_FOUND = { errcode: 'M_NOT_FOUND' };
const FORBIDDEN = { errcode: 'M_FORBIDDEN' };

async function membersAt({ server }: Person, roomId: RoomId): Promise<string[]> {
  const room = await server.features.rooms.open(roomId);
  return [...room!.members('join')].sort();
}

async function stateAt({ server }: Person, roomId: RoomId): Promise<string[]> {
  const room = await server.features.rooms.open(roomId);
  return (await room!.state()).map(({ eventId }) => eventId).sort();
}

async function bodiesAt(who: Person, roomId: RoomId): Promise<unknown[]> {
  const { timeline } = (await who.joined(roomId))!;
  const said = timeline.events.filter(({ type }) => type === 'm.room.message');
  return said.map(({ content }) => (content as JsonObject).body);
}

async function events({ server }: Person): Promise<number> {
  const [row] = await server.fresh.database.query<{ count: number }>(
    'count_all_events',
    'SELECT count(*)::int8 AS count FROM event',
  );
  return row!.count;
}

/** An event of alice's server that follows this one alone. */
async function saidUpon({ server, userId }: Person, roomId: RoomId, after: string) {
  const rows = await server.fresh.database.query<{ json: string }>(
    'said_after',
    `SELECT json FROM event WHERE event_id = '${after}'`,
  );
  const before = JSON.parse(rows[0]!.json) as JsonObject;
  const rules = rulesOf('12')!;
  const pdu = {
    ...{ type: 'm.room.message', room_id: roomId, sender: userId, prev_events: [after] },
    ...{ content: { msgtype: 'm.text', body: 'beside' }, auth_events: before.auth_events! },
    ...{ depth: (before.depth as number) + 1, origin_server_ts: Date.now() },
  };
  return signEvent(pdu, rules, server.name, server.key);
}

/** The change that brings rows of this kind is refused, as if the writer had died before it. */
function stopsBefore({ server }: Person, name: string) {
  const { writer } = server;
  const commit = writer.commit.bind(writer);
  writer.commit = (build) =>
    commit((position) => {
      const built = build(position);
      if (built.change.rows.some(({ write }) => write.name === name)) throw new Error('died');
      return built;
    });
  return {
    restore() {
      writer.commit = commit;
    },
  };
}
