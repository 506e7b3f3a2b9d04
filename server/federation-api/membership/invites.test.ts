import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import { refusal } from '../../../test/support/shared-room.ts';
import {
  aliceAndBob,
  type Person,
  personAt,
  type SyncedRoom,
  VERSIONS,
} from '../../../test/support/two-servers.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { keyIdsOf, signEvent } from '../../protocol/signatures.ts';
import { OF_USER_MAX } from '../../rooms/elsewhere/stranger-invites.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const enc = encodeURIComponent;

test.each(VERSIONS)(
  'who is invited by a user of another server is shown by whom and whereto, and comes in (version %s)',
  async (version) => {
    const [alice, bob] = await aliceAndBob(authority);
    const roomId = await castle(alice, version);
    expect(await invites(alice, bob, roomId)).toEqual({ status: 200, body: {} });
    const shown = await invited(bob, roomId);
    expect(shown.find(({ type }) => type === 'm.room.name')).toMatchObject({
      content: { name: 'Castle' },
    });
    expect(shown.at(-1)).toMatchObject({
      ...{ sender: alice.userId, state_key: bob.userId, content: { membership: 'invite' } },
    });
    const theirs = await alice.server.features.rooms.open(roomId);
    expect(theirs?.membershipOf(bob.userId as never)).toBe('invite');
    expect((await bob.post(`/rooms/${enc(roomId)}/join`)).status).toBe(200);
    expect(await bob.joined(roomId)).toBeDefined();
    expect((await bob.rooms()).invite).toEqual({});
    const now = await alice.server.features.rooms.open(roomId);
    expect(now?.membershipOf(bob.userId as never)).toBe('join');
  },
);

test('an invite is signed by the server of who is invited', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await castle(alice, '12');
  await invites(alice, bob, roomId);
  const [row] = await alice.server.fresh.database.query<{ json: string }>(
    'the_invite',
    `SELECT json FROM event WHERE state_key = '${bob.userId}'`,
  );
  for (const { server } of [alice, bob])
    expect(keyIdsOf(JSON.parse(row!.json) as JsonObject, server.name)).toEqual([server.key.keyId]);
});

test('who is invited as a room is made is so behind that, and whom it did not reach is logged', async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const alice = await personAt(await startFederating(authority, { onError }), 'alice');
  const bob = await personAt(await startFederating(authority), 'bob');
  const nobody = '@nobody:localhost:1';
  const roomId = await alice.createRoom({ invite: [nobody, bob.userId], is_direct: true });
  expect((await invited(bob, roomId)).at(-1)).toMatchObject({ content: { is_direct: true } });
  const room = await alice.server.features.rooms.open(roomId);
  expect([...room!.members('invite')]).toEqual([bob.userId]);
  const logged = errors.map(String).filter((line) => line.includes('could not invite'));
  expect(logged).toEqual([expect.stringMatching(`${roomId}.*${alice.userId}.*: ${nobody}`)]);
});

test.each(VERSIONS)(
  'an invite of another server is turned down there (version %s)',
  async (version) => {
    const [alice, bob] = await aliceAndBob(authority);
    const roomId = await castle(alice, version);
    await invites(alice, bob, roomId);
    expect((await bob.post(`/rooms/${enc(roomId)}/leave`)).status).toBe(200);
    expect((await bob.rooms()).invite).toEqual({});
    const room = await alice.server.features.rooms.open(roomId);
    expect(room?.membershipOf(bob.userId as never)).toBe('leave');
  },
);

test.each(VERSIONS)(
  'an invite that is taken back is shown no longer, and the user may be invited anew (version %s)',
  async (version) => {
    const [alice, bob] = await aliceAndBob(authority);
    const roomId = await castle(alice, version);
    for (const end of ['kick', 'ban']) {
      expect((await invites(alice, bob, roomId)).status).toBe(200);
      await alice.post(`/rooms/${enc(roomId)}/${end}`, { user_id: bob.userId });
      await expect.poll(async () => (await bob.rooms()).invite).toEqual({});
      const known = await bob.server.features.rooms.roomsOf(bob.userId as never);
      expect(known.get(roomId)?.membership).toBe(end === 'ban' ? 'ban' : 'leave');
    }
    await alice.post(`/rooms/${enc(roomId)}/unban`, { user_id: bob.userId });
    expect((await invites(alice, bob, roomId)).status).toBe(200);
    expect((await bob.post(`/rooms/${enc(roomId)}/join`)).status).toBe(200);
  },
);

test('an invite is not taken back by a stranger, nor by what does not rest on it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const eve = await personAt(await startFederating(authority), 'eve');
  const roomId = await castle(alice, '11');
  await invites(alice, bob, roomId);
  const [invite] = await bob.server.fresh.database.query<{ eventId: string }>(
    'invite_of_bob',
    `SELECT event_id AS "eventId" FROM event WHERE state_key = '${bob.userId}'`,
  );
  const kick = async ({ server, userId }: Person, auth_events: string[], signs = server) => {
    const pdu = signEvent(
      {
        ...{ type: 'm.room.member', sender: userId, state_key: bob.userId, room_id: roomId },
        ...{ content: { membership: 'leave' }, auth_events, prev_events: auth_events },
        ...{ depth: 99, origin_server_ts: Date.now() },
      },
      rulesOf('11')!,
      server.name,
      signs.key,
    );
    const { receiver } = bob.server.features.rooms;
    const from = { origin: server.name, isPushed: true };
    return (await receiver.receive(roomId, [pdu], from))[0]!.kind;
  };
  const own = invite!.eventId;
  expect(await kick(eve, [own])).toBe('refused');
  expect(await kick(alice, [`$${'x'.repeat(43)}`])).toBe('refused');
  expect(await kick(alice, [own], eve.server)).toBe('refused');
  expect(Object.keys((await bob.rooms()).invite)).toEqual([roomId]);
  expect(await kick(alice, [own])).toBe('accepted');
  expect((await bob.rooms()).invite).toEqual({});
});

test('all devices of who turns an invite down are shown that they left', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await castle(alice, '11');
  await invites(alice, bob, roomId);
  const { next_batch } = await synced(bob);
  await bob.post(`/rooms/${enc(roomId)}/leave`);
  const { rooms } = await synced(bob, next_batch);
  const { state, timeline } = rooms!.leave[roomId]!;
  expect([...state.events, ...timeline.events]).toEqual([
    expect.objectContaining({ state_key: bob.userId, content: { membership: 'leave' } }),
  ]);
});

test('an invite into a room of which nobody is left is turned down in the room, as where nothing federates', async () => {
  const alice = await personAt(await startFederating(authority), 'alice');
  const bob = await personAt(alice.server, 'bob');
  const roomId = await castle(alice, '11');
  await invites(alice, bob, roomId);
  await alice.post(`/rooms/${enc(roomId)}/leave`);
  const { next_batch } = await synced(bob);
  await bob.post(`/rooms/${enc(roomId)}/leave`);
  const { rooms } = await synced(bob, next_batch);
  expect(rooms!.leave[roomId]!.timeline.events).toEqual([
    expect.objectContaining({ state_key: bob.userId, content: { membership: 'leave' } }),
  ]);
  const room = await alice.server.features.rooms.open(roomId);
  expect(room?.membershipOf(bob.userId as never)).toBe('leave');
});

test('an invite is turned down though its server is gone', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await castle(alice, '1');
  await invites(alice, bob, roomId);
  const room = await alice.server.features.rooms;
  await room.delete(roomId);
  expect((await bob.post(`/rooms/${enc(roomId)}/leave`)).status).toBe(200);
  expect((await bob.rooms()).invite).toEqual({});
  expect((await bob.server.features.rooms.roomsOf(bob.userId as never)).get(roomId)).toMatchObject({
    membership: 'leave',
  });
});

test('who wants no invites, or is not there, is invited by nobody', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const roomId = await castle(alice, '12');
  const path = `/user/${enc(bob.userId)}/account_data/m.invite_permission_config`;
  await bob.put(path, { default_action: 'block' });
  expect(await invites(alice, bob, roomId)).toMatchObject({
    ...{ status: 403, body: { errcode: 'M_INVITE_BLOCKED' } },
  });
  const nobody = { ...bob, userId: `@nobody:${bob.server.name}` };
  expect(await invites(alice, nobody, roomId)).toMatchObject({ status: 403 });
  expect((await bob.rooms()).invite).toEqual({});
  const room = await alice.server.features.rooms.open(roomId);
  expect([...room!.members('invite')]).toEqual([]);
});

test('of somebody who is ignored no invite is shown', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const ignored_users = { [alice.userId]: {} };
  await bob.put(`/user/${enc(bob.userId)}/account_data/m.ignored_user_list`, { ignored_users });
  const roomId = await castle(alice, '12');
  expect((await invites(alice, bob, roomId)).status).toBe(200);
  expect((await bob.rooms()).invite).toEqual({});
});

test.each<[string, (pdu: JsonObject, by: { alice: Person; bob: Person }) => JsonObject]>([
  ['of another membership', (pdu) => ({ ...pdu, content: { membership: 'join' } })],
  ['of nobody of this server', (pdu) => ({ ...pdu, state_key: '@bob:elsewhere.org' })],
  ['of another room', (pdu) => ({ ...pdu, room_id: `!${'x'.repeat(43)}` })],
  ['of another type', (pdu) => ({ ...pdu, type: 'm.room.name' })],
])('an event %s is no invite, and nothing of it is kept', async (_what, change) => {
  const { alice, bob, hands } = await byHand();
  expect(await refusal(hands((pdu) => change(pdu, { alice, bob })))).toEqual([
    ...[400, 'M_INVALID_PARAM'],
  ]);
  expect((await bob.rooms()).invite).toEqual({});
});

test('an invite by a user of another server than the one that sends it, or unsigned, is refused', async () => {
  const { bob, hands } = await byHand();
  const byOther = (pdu: JsonObject) => ({ ...pdu, sender: '@eve:elsewhere.org' });
  expect(await refusal(hands(byOther))).toEqual([403, 'M_FORBIDDEN']);
  expect(await refusal(hands((pdu) => pdu, { signed: false }))).toEqual([403, 'M_FORBIDDEN']);
  expect(await refusal(hands((pdu) => pdu, { version: 'x' }))).toEqual([
    ...[400, 'M_INCOMPATIBLE_ROOM_VERSION'],
  ]);
  expect((await bob.rooms()).invite).toEqual({});
});

test('strangers invite somebody so often within an hour, and who is in a room here as often as they like', async () => {
  const { alice, bob, roomId, hands } = await byHand();
  const rooms = Array.from({ length: OF_USER_MAX + 1 }, (_, n) => roomId.slice(0, -2) + (10 + n));
  const invite = (room: string) => hands((pdu) => ({ ...pdu, room_id: room }), { room });
  for (const room of rooms.slice(1)) await invite(room);
  expect(await refusal(invite(rooms[0]!))).toEqual([429, 'M_LIMIT_EXCEEDED']);
  await invite(rooms[1]!);
  expect(Object.keys((await bob.rooms()).invite).sort()).toEqual(rooms.slice(1));
  const shared = await bob.createRoom();
  await alice.join(shared, bob.server);
  await invite(rooms[0]!);
  expect(Object.keys((await bob.rooms()).invite)).toHaveLength(rooms.length);
});

test('a server that the room denies invites nobody into it, and nothing is asked of it', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const carol = await personAt(bob.server, 'carol');
  const roomId = await bob.createRoom();
  await alice.join(roomId, bob.server);
  const path = `/rooms/${enc(roomId)}/state/m.room.server_acl/`;
  await bob.put(path, { allow: ['*'], deny: ['localhost'] });
  const before = await eventsAt(bob);
  const { server } = alice;
  const rules = rulesOf('12')!;
  const unknown = `$${'e'.repeat(43)}`;
  const pdu: JsonObject = {
    ...{ type: 'm.room.member', room_id: roomId, sender: alice.userId, state_key: carol.userId },
    ...{ content: { membership: 'invite' }, depth: 50, origin_server_ts: 1_700_000_000_000 },
    ...{ auth_events: [unknown], prev_events: [unknown] },
  };
  const event = signEvent(pdu, rules, server.name, server.key);
  const asked = server.features.federationClient.ask(bob.server.name, {
    method: 'PUT',
    path: `/_matrix/federation/v2/invite/${enc(roomId)}/${enc(eventIdOf(event, rules))}`,
    content: { event, room_version: '12', invite_room_state: [] },
  });
  expect(await refusal(asked)).toEqual([403, 'M_FORBIDDEN']);
  expect(await eventsAt(bob)).toBe(before);
});

test('an invite that comes twice is one, also by the first version of the request', async () => {
  const { bob, roomId, hands } = await byHand('1');
  const { event } = (await hands((pdu) => pdu)) as { event: JsonObject };
  const [status, again] = (await hands((pdu) => pdu, { api: 'v1' })) as never as [number, never];
  expect([status, again]).toEqual([200, { event }]);
  expect(keyIdsOf(event, bob.server.name)).toEqual([bob.server.key.keyId]);
  expect(Object.keys((await bob.rooms()).invite)).toEqual([roomId]);
});

test('who knocks at a room of another server is shown it, and is let in by an invite', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const initial_state = [
    { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } },
  ];
  const roomId = await alice.createRoom({ preset: 'private_chat', name: 'Castle', initial_state });
  const knocked = await bob.post(`/knock/${enc(roomId)}?via=${alice.server.name}`);
  expect(knocked).toEqual({ status: 200, body: { room_id: roomId } });
  const { knock_state } = (await bob.rooms()).knock[roomId] as never as {
    knock_state: { events: JsonObject[] };
  };
  expect(knock_state.events.map(({ type }) => type)).toContain('m.room.name');
  const theirs = await alice.server.features.rooms.open(roomId);
  expect(theirs?.membershipOf(bob.userId as never)).toBe('knock');
  expect((await invites(alice, bob, roomId)).status).toBe(200);
  expect(Object.keys((await bob.rooms()).knock)).toEqual([]);
  expect((await bob.post(`/rooms/${enc(roomId)}/join`)).status).toBe(200);
});

async function eventsAt({ server }: Person): Promise<number> {
  const [row] = await server.fresh.database.query<{ count: number }>(
    'count_all_events',
    'SELECT count(*)::int8 AS count FROM event',
  );
  return row!.count;
}

const castle = (who: Person, room_version: string): Promise<RoomId> =>
  who.createRoom({ preset: 'private_chat', name: 'Castle', room_version });

const invites = (by: Person, { userId: user_id }: Pick<Person, 'userId'>, roomId: RoomId) =>
  by.post(`/rooms/${enc(roomId)}/invite`, { user_id });

async function invited(who: Person, roomId: RoomId): Promise<JsonObject[]> {
  const room = (await who.rooms()).invite[roomId] as never as {
    invite_state: { events: JsonObject[] };
  };
  return room.invite_state.events;
}

/** An invite that alice's server makes and sends as it likes. */
async function byHand(version = '12') {
  const [alice, bob] = await aliceAndBob(authority);
  const { server } = alice;
  const rules = rulesOf(version)!;
  const roomId = (version === '12' ? `!${'r'.repeat(43)}` : `!r:${server.name}`) as RoomId;
  const id = version === '12' ? `$${'e'.repeat(43)}` : undefined;
  const pdu: JsonObject = {
    ...{ type: 'm.room.member', room_id: roomId, sender: alice.userId, state_key: bob.userId },
    ...{ content: { membership: 'invite' }, depth: 5, origin_server_ts: 1_700_000_000_000 },
    ...{ auth_events: id ? [id] : [], prev_events: id ? [id] : [] },
    ...(rules.eventIdForm === 'given' && { event_id: `$invite:${server.name}` }),
  };
  const hands = (
    change: (pdu: JsonObject) => JsonObject,
    { signed = true, version: told = version, api = 'v2', room = roomId as string } = {},
  ) => {
    const whole = signEvent(change(pdu), rules, server.name, server.key);
    const event = signed ? whole : { ...whole, signatures: {} };
    const eventId = eventIdOf(event, rules);
    return server.features.federationClient.ask(bob.server.name, {
      method: 'PUT',
      path: `/_matrix/federation/${api}/invite/${enc(room)}/${enc(eventId)}`,
      content: api === 'v1' ? event : { event, room_version: told, invite_room_state: [] },
    }) as Promise<JsonObject>;
  };
  return { alice, bob, roomId, hands };
}

interface Synced {
  readonly next_batch: string;
  readonly rooms?: { readonly leave: Record<string, SyncedRoom> };
}

async function synced({ server, token }: Person, since?: string): Promise<Synced> {
  const query = since === undefined ? '' : `?since=${since}`;
  return (await server.ask(`GET /sync${query}`, { token })).body as unknown as Synced;
}
