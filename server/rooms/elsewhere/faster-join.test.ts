import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { federating, startFederating } from '../../../test/support/federating.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { keysOf, type Person, personAt, VERSIONS } from '../../../test/support/two-servers.ts';
import { RoomServers } from '../../federation/membership/room-servers.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { DEFAULT_ROOM_VERSION, rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';
import { roomStore } from '../../storage/rooms/room-store.ts';
import { loadRooms } from '../memory/load-rooms.ts';
import { StateKeys } from '../memory/state-keys.ts';
import { HELD_MAX } from '../receive/held-loads.ts';
import { PartialRooms } from './partial-rooms.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test.each(VERSIONS)(
  'a room can be used before its members are here, and is the same as at the other server then (version %s)',
  async (room_version) => {
    const { alice, bob, state } = await fasterServers();
    const carol = await personAt(alice.server, 'carol');
    const roomId = await alice.createRoom({ name: 'Castle', room_version });
    await carol.join(roomId, alice.server);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(await isPartial(bob, roomId)).toBe(true);
    expect(await membersAt(bob, roomId)).toEqual([bob.userId]);
    const own = await bob.say(roomId, 'hello');
    await expect.poll(() => bodiesAt(alice, roomId)).toEqual(['hello']);
    state.tell();
    await whole(bob, roomId);
    expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
    expect(await stateBehind(bob, roomId, own)).toEqual(await stateBehind(alice, roomId, own));
    expect(await stateBehind(bob, roomId, own)).toContain(`m.room.member ${carol.userId}`);
    await bob.say(roomId, 'goes on');
    await expect.poll(() => bodiesAt(alice, roomId)).toEqual(['hello', 'goes on']);
  },
);

test('who joins a small room is told so when all of it is here, with all who are in it', async () => {
  const { alice, bob, state } = await fasterServers({ joinWaitsMs: 60_000 });
  state.tell();
  const carol = await personAt(alice.server, 'carol');
  const roomId = await alice.createRoom({ name: 'Castle' });
  await carol.join(roomId, alice.server);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect([state.asked(), await isPartial(bob, roomId)]).toEqual([1, false]);
  const keys = keysIn(await synced(bob, '{}'), roomId);
  for (const { userId } of [alice, bob, carol]) expect(keys).toContain(`m.room.member ${userId}`);
});

test.each(['says', 'answers'])(
  'a room whose other server was away becomes whole when that %s something, and not an hour later',
  async (how) => {
    const alice = await personAt(await startFederating(authority), 'alice');
    const failures: unknown[] = [];
    const there = await startFederating(authority, {
      federation: FASTER,
      onError: (error) => void failures.push(error),
    });
    const bob = await personAt(there, 'bob');
    const state = withholdsState(alice);
    const roomId = await alice.createRoom({ name: 'Castle' });
    await bob.join(roomId, alice.server);
    await alice.server.reachable(false);
    // The next try is in half a minute.
    await expect.poll(() => failures.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    state.tell();
    await alice.server.reachable(true);
    const heardMs = performance.now();
    if (how === 'says') await alice.say(roomId, 'hello');
    else await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
    await whole(bob, roomId);
    expect(performance.now() - heardMs).toBeLessThan(20_000);
  },
  90_000,
);

test('what our users set meanwhile stands in all states behind it, with all members below it', async () => {
  const { alice, bob, state } = await fasterServers();
  const power = { users_default: 100 };
  const roomId = await alice.createRoom({ name: 'Castle', power_level_content_override: power });
  await bob.join(roomId, alice.server);
  const set = (name: string) =>
    bob.put(`/rooms/${encodeURIComponent(roomId)}/state/m.room.name/`, { name });
  const [ruin, tower] = [await set('Ruin'), await set('Tower')];
  await expect.poll(() => nameAt(alice, roomId)).toBe('Tower');
  state.tell();
  await whole(bob, roomId);
  expect(await nameAt(bob, roomId)).toBe('Tower');
  for (const each of [ruin, tower])
    expect(await statesBehind(bob, roomId, each)).toEqual(await statesBehind(alice, roomId, each));
  expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
});

test('what others say before the members are here is heard when they are', async () => {
  const { alice, bob, state } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  await alice.say(roomId, 'one');
  await alice.say(roomId, 'two');
  await expect.poll(() => heldAt(bob)).toBe(2);
  expect(await bodiesAt(bob, roomId)).toEqual([]);
  state.tell();
  await expect.poll(() => bodiesAt(bob, roomId)).toEqual(['one', 'two']);
  await expect.poll(() => heldAt(bob)).toBe(0);
  expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
});

test('nothing is held that its server did not sign, nor more than a bound', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  await bob.server.reachable(false);
  const { event_id } = await alice.say(roomId, 'one');
  const pdu = await pduOf(alice, event_id as string);
  const from = { origin: alice.server.name, isPushed: true };
  const receive = async (each: JsonObject) => {
    const [one] = await bob.server.features.roomReceiver.receive(roomId, [each], from);
    return one!.kind;
  };
  expect(await receive({ ...pdu, signatures: {} })).toBe('refused');
  await holdMany(bob, alice.server.name, HELD_MAX.ofDomainInRoom.count - 1);
  const { event_id: next } = await alice.say(roomId, 'two');
  expect(await receive(pdu)).toBe('held');
  expect(await receive(await pduOf(alice, next as string))).toBe('refused');
  expect(await receive(pdu)).toBe('held');
});

test('who asks for all members waits for them', async () => {
  const { alice, bob, state } = await fasterServers();
  const roomId = await alice.createRoom({
    name: 'Castle',
    power_level_content_override: { invite: 0 },
  });
  await bob.join(roomId, alice.server);
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  const answers = ['members', 'joined_members', 'state', `state/m.room.member/${alice.userId}`];
  const ended: string[] = [];
  const asked = answers.map((each) =>
    bob.get(`${path}/${each}`).then((body) => {
      ended.push(each);
      return body;
    }),
  );
  const invited = bob.post(`${path}/invite`, { user_id: `@dora:${bob.server.name}` });
  void invited.then(() => ended.push('invite'));
  await bob.say(roomId, 'hello');
  expect(ended).toEqual([]);
  state.tell();
  const [members, joined] = await Promise.all(asked);
  const everybody = [alice.userId, bob.userId].sort();
  expect((members!.chunk as JsonObject[]).map((each) => each.state_key).sort()).toEqual(everybody);
  expect(Object.keys(joined!.joined as JsonObject).sort()).toEqual(everybody);
  expect((await invited).status).toBe(200);
});

test('without lazy loading the room comes when its members are here, and with it is told anew', async () => {
  const { alice, bob, state } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  const whole1 = await synced(bob, '{}');
  await bob.join(roomId, alice.server);
  const lazy = await synced(bob, LAZY);
  expect(keysIn(lazy, roomId)).toContain('m.room.name ');
  expect(keysIn(await synced(bob, '{}', whole1.next_batch), roomId)).toBeUndefined();
  const all = await synced(bob, '{}');
  expect(keysIn(all, roomId)).toBeUndefined();
  state.tell();
  await whole(bob, roomId);
  for (const filter of ['{}', LAZY]) {
    const { next_batch } = filter === LAZY ? lazy : all;
    const then = await synced(bob, filter, next_batch as string);
    expect(keysIn(then, roomId)).toContain('m.room.name ');
    expect((then.device_lists as JsonObject).changed).toContain(alice.userId);
  }
  expect(keysIn(await synced(bob, '{}', all.next_batch), roomId)).toContain(
    `m.room.member ${alice.userId}`,
  );
});

test('a writer that ends in the middle is followed by one that goes on', async () => {
  const alice = await personAt(await startFederating(authority), 'alice');
  await using fresh = await freshDatabase();
  const first = await federating(authority, { federation: FASTER, fresh, onError: () => {} });
  const bob = await personAt(first, 'bob');
  const state = withholdsState(alice);
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  const own = await bob.say(roomId, 'hello');
  await expect.poll(() => state.asked()).toBe(1);
  await first[Symbol.asyncDispose]();
  state.tell();
  await using next = await federating(authority, { federation: FASTER, fresh, as: first });
  const again: Person = { ...bob, server: next };
  await whole(again, roomId);
  expect(await stateAt(again, roomId)).toEqual(await stateAt(alice, roomId));
  expect(await stateBehind(again, roomId, own)).toEqual(await stateBehind(alice, roomId, own));
});

test('members that were laid down are not there before all of them are, also where the room is read anew', async () => {
  const { alice, bob, state } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  const dies = diesBecomingWhole(bob);
  state.tell();
  await expect.poll(() => dies.times()).toBeGreaterThan(0);
  const store = roomStore(bob.server.fresh.database);
  const [stored] = await store.roomsById([roomId]);
  expect(stored!.state!.split(',').filter((each) => each.endsWith('join')).length).toBe(2);
  const read = await loadRooms({ store, keys: new StateKeys(store) }, [roomId]);
  expect(read.get(roomId)!.members.count('join')).toBe(1);
  dies.noMore();
  await whole(bob, roomId);
  expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
});

test('another server that is in the room tells its members where the first is gone', async () => {
  const first = await federating(authority);
  const dora = await personAt(first, 'dora');
  const { alice, bob, state } = await fasterServers();
  const roomId = await dora.createRoom({ name: 'Castle' });
  await alice.join(roomId, first);
  withholdsState(dora);
  await bob.join(roomId, first);
  await expect.poll(() => membersAt(alice, roomId)).toContain(bob.userId);
  await first[Symbol.asyncDispose]();
  state.tell();
  await whole(bob, roomId);
  expect(await membersAt(bob, roomId)).toEqual(
    [alice, bob, dora].map((each) => each.userId).sort(),
  );
});

test.each([
  ['before', true],
  ['behind', false],
])(
  'who leaves in the middle has left, and comes back to all of the room (told %s that)',
  async (_, isTold) => {
    const { alice, bob, state } = await fasterServers();
    const roomId = await alice.createRoom({ name: 'Castle' });
    await bob.join(roomId, alice.server);
    const path = `/rooms/${encodeURIComponent(roomId)}`;
    expect((await bob.post(`${path}/leave`)).status).toBe(200);
    await expect.poll(() => membersAt(alice, roomId)).toEqual([alice.userId]);
    if (isTold) state.tell();
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(await isPartial(bob, roomId)).toBe(false);
    expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
    state.tell();
  },
);

test.each([
  ['kick', 'leave'],
  ['ban', 'ban'],
])(
  'who is put out by a %s in the middle is out when the members are here',
  async (how, becomes) => {
    const { alice, bob, state } = await fasterServers();
    const roomId = await alice.createRoom({ name: 'Castle' });
    await bob.join(roomId, alice.server);
    await expect.poll(() => state.asked()).toBe(1);
    const path = `/rooms/${encodeURIComponent(roomId)}/${how}`;
    expect((await alice.post(path, { user_id: bob.userId })).status).toBe(200);
    await expect.poll(() => heldAt(bob)).toBe(1);
    expect(await membershipOf(bob, roomId)).toBe('join');
    state.tell();
    await expect.poll(() => membershipOf(bob, roomId), { timeout: 15_000 }).toBe(becomes);
  },
);

test.each([
  ['kick', 'leave'],
  ['ban', 'ban'],
])(
  'who is put out by a %s, and is told the members by nobody any more, is out all the same',
  async (how, becomes) => {
    const { alice, bob } = await fasterServers();
    const roomId = await alice.createRoom({ name: 'Castle' });
    const tell = refusesState(alice);
    await bob.join(roomId, alice.server);
    const path = `/rooms/${encodeURIComponent(roomId)}`;
    const members = bob.get(`${path}/members`);
    expect((await alice.post(`${path}/${how}`, { user_id: bob.userId })).status).toBe(200);
    await expect.poll(() => membershipOf(bob, roomId), { timeout: 15_000 }).toBe(becomes);
    // Nobody waits twenty seconds for what does not come.
    await expect(Promise.race([members, sleep(5_000)])).resolves.toMatchObject({ chunk: [{}] });
    await expect.poll(() => heldAt(bob)).toBe(0);
    const { rooms } = await synced(bob, '{"room":{"include_leave":true}}');
    const { leave = {}, join = {} } = rooms as Record<string, JsonObject | undefined>;
    expect([Object.keys(leave), Object.keys(join)]).toEqual([[roomId], []]);
    tell();
    if (how === 'ban') return;
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
  },
);

test('who shows another name and is banned before that is heard of is out all the same', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  refusesState(alice);
  await bob.join(roomId, alice.server);
  await alice.server.reachable(false);
  for (const displayname of ['Robert', 'Bobby']) {
    await bob.put(`/profile/${encodeURIComponent(bob.userId)}/displayname`, { displayname });
    await expect.poll(() => nameOf(bob, roomId)).toBe(displayname);
  }
  const path = `/rooms/${encodeURIComponent(roomId)}/ban`;
  expect((await alice.post(path, { user_id: bob.userId })).status).toBe(200);
  await expect.poll(() => heldAt(bob)).toBe(1);
  await alice.server.reachable(true);
  await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 40_000 }).toBe('ban');
}, 60_000);

test('who is put out by an event that somebody told of before is out, and sees it', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  refusesState(alice);
  await bob.join(roomId, alice.server);
  await bob.server.reachable(false);
  await alice.post(`/rooms/${encodeURIComponent(roomId)}/kick`, { user_id: bob.userId });
  const kick = await membershipPduOf(alice, bob.userId);
  await stagedAt(bob, { ...kick, sender: alice.userId, target: bob.userId });
  await receivedAt(bob, roomId, alice, JSON.parse(kick.json));
  await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 40_000 }).toBe('leave');
  const { rooms } = await synced(bob, '{"room":{"include_leave":true}}');
  type Left = { leave: Record<string, { timeline: { events: JsonObject[] } }> };
  const { events } = (rooms as unknown as Left).leave[roomId]!.timeline;
  expect(events.map((each) => each.event_id)).toContain(kick.eventId);
}, 60_000);

test('what bears the id of another event keeps nobody in the room (version 1)', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle', room_version: '1' });
  refusesState(alice);
  await bob.join(roomId, alice.server);
  await bob.server.reachable(false);
  await alice.post(`/rooms/${encodeURIComponent(roomId)}/kick`, { user_id: bob.userId });
  const kick = await membershipPduOf(alice, bob.userId);
  const create = await opened(bob, roomId).then((room) => room.stateEvent('m.room.create', ''));
  const { signatures: _, hashes: __, ...unsigned } = JSON.parse(kick.json) as JsonObject;
  const posing = signEvent(
    { ...unsigned, event_id: create!.eventId },
    rulesOf('1')!,
    alice.server.name,
    alice.server.key,
  );
  for (const pdu of [posing, JSON.parse(kick.json)]) await receivedAt(bob, roomId, alice, pdu);
  await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 40_000 }).toBe('leave');
  const room = await opened(bob, roomId);
  const out = await room.stateEvent('m.room.member', bob.userId);
  expect(out?.eventId).toBe(kick.eventId);
}, 60_000);

test('who is put out while as much is held as may be is out all the same', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  refusesState(alice);
  await bob.join(roomId, alice.server);
  await holdMany(bob, alice.server.name, HELD_MAX.ofDomainInRoom.count);
  const path = `/rooms/${encodeURIComponent(roomId)}/kick`;
  expect((await alice.post(path, { user_id: bob.userId })).status).toBe(200);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 15_000 }).toBe('leave');
});

test('who may put out nobody has put out nobody, whatever their server signs', async () => {
  const alice = await personAt(await startFederating(authority), 'alice');
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push(error);
  const there = await startFederating(authority, { federation: FASTER, onError });
  const bob = await personAt(there, 'bob');
  const carol = await personAt(alice.server, 'carol');
  const roomId = await alice.createRoom({ name: 'Castle' });
  await carol.join(roomId, alice.server);
  refusesState(alice);
  await bob.join(roomId, alice.server);
  const [join] = await bob.server.fresh.database.query<{ json: string; eventId: string }>(
    'own_join',
    'SELECT json, event_id AS "eventId" FROM event WHERE sender = $1',
    [bob.userId],
  );
  const { depth, origin_server_ts, auth_events } = JSON.parse(join!.json) as JsonObject;
  const forged = signEvent(
    {
      ...{ type: 'm.room.member', room_id: roomId, sender: carol.userId, state_key: bob.userId },
      ...{
        content: { membership: 'leave' },
        depth: (depth as number) + 1,
        origin_server_ts: origin_server_ts!,
      },
      ...{
        prev_events: [join!.eventId],
        auth_events: [...(auth_events as string[]), join!.eventId],
      },
    },
    rulesOf(DEFAULT_ROOM_VERSION)!,
    alice.server.name,
    alice.server.key,
  );
  const from = { origin: alice.server.name, isPushed: true };
  const [received] = await bob.server.features.roomReceiver.receive(roomId, [forged], from);
  expect(received!.kind).toBe('held');
  const ofNoStay = signEvent(
    { ...forged, sender: alice.userId, auth_events: auth_events!, signatures: {} },
    rulesOf(DEFAULT_ROOM_VERSION)!,
    alice.server.name,
    alice.server.key,
  );
  await receivedAt(bob, roomId, alice, ofNoStay);
  // The next try may be half a minute away.
  const before = failures.length;
  await expect.poll(() => failures.length, { timeout: 60_000 }).toBeGreaterThan(before);
  expect([await membershipOf(bob, roomId), await heldAt(bob)]).toEqual(['join', 2]);
});

test('who is put out stays until that can be judged, where the members may still be told', async () => {
  const alice = await personAt(await startFederating(authority), 'alice');
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push(error);
  const there = await startFederating(authority, { federation: FASTER, onError });
  const bob = await personAt(there, 'bob');
  const roomId = await alice.createRoom({ name: 'Castle' });
  const tell = refusesState(alice, 500);
  await bob.join(roomId, alice.server);
  const path = `/rooms/${encodeURIComponent(roomId)}/kick`;
  expect((await alice.post(path, { user_id: bob.userId })).status).toBe(200);
  await expect.poll(() => heldAt(bob)).toBe(1);
  const before = failures.length;
  await expect.poll(() => failures.length, { timeout: 60_000 }).toBeGreaterThan(before);
  expect(await membershipOf(bob, roomId)).toBe('join');
  tell();
  await bob.get(`/profile/${encodeURIComponent(alice.userId)}`);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 40_000 }).toBe('leave');
  expect(await isPartial(bob, roomId)).toBe(false);
}, 120_000);

test('nobody is put out by somebody whose server was not told to be in the room', async () => {
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push(error);
  const there = await startFederating(authority, { federation: FASTER, onError });
  const third = await startFederating(authority, {
    beside: ({ url }, response) => {
      if (!url?.startsWith('/_matrix/federation/v1/state/')) return false;
      response.writeHead(403).end('{"errcode":"M_FORBIDDEN"}');
      return true;
    },
  });
  const alice = await personAt(await startFederating(authority), 'alice');
  const bob = await personAt(there, 'bob');
  const roomId = await alice.createRoom({ name: 'Castle' });
  refusesState(alice);
  await bob.join(roomId, alice.server);
  await bob.server.fresh.database.query(
    'told_otherwise',
    `UPDATE partial_join SET server_name = $1, servers = '[]'`,
    [third.name],
  );
  const path = `/rooms/${encodeURIComponent(roomId)}/kick`;
  expect((await alice.post(path, { user_id: bob.userId })).status).toBe(200);
  await expect.poll(() => heldAt(bob)).toBe(1);
  const before = failures.length;
  await expect.poll(() => failures.length, { timeout: 60_000 }).toBeGreaterThan(before);
  expect([await membershipOf(bob, roomId), await heldAt(bob)]).toEqual(['join', 1]);
}, 90_000);

test.each([
  [999, false],
  [1_000, true],
])(
  'a room that is said to have %i members is joined without them: %s',
  async (count, isLeftOut) => {
    const there = await startFederating(authority, {
      federation: { fasterJoins: 'large', joinWaitsMs: 0 },
    });
    const alice = await personAt(await startFederating(authority), 'alice');
    const bob = await personAt(there, 'bob');
    const state = withholdsState(alice);
    const roomId = await alice.createRoom({ name: 'Castle' });
    saysToHave(alice, count);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(await isPartial(bob, roomId)).toBe(isLeftOut);
    state.tell();
    await whole(bob, roomId);
    expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
  },
);

test('of a room of which something is here nobody is asked for its size', async () => {
  const there = await startFederating(authority, { federation: { fasterJoins: 'large' } });
  const alice = await personAt(await startFederating(authority), 'alice');
  const bob = await personAt(there, 'bob');
  const roomId = await alice.createRoom({ name: 'Castle' });
  const asked = vi.spyOn(RoomServers.prototype, 'joinedCount');
  onTestFinished(() => asked.mockRestore());
  await bob.join(roomId, alice.server);
  expect(asked).toHaveBeenCalledOnce();
  await bob.post(`/rooms/${encodeURIComponent(roomId)}/leave`);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect(asked).toHaveBeenCalledOnce();
});

test('where many rooms wait for their members already, those of the next come with the join', async () => {
  const { alice, bob, state } = await fasterServers();
  state.tell();
  const roomId = await alice.createRoom({ name: 'Castle' });
  const place = vi.spyOn(PartialRooms.prototype, 'hasPlaceFor').mockReturnValue(false);
  onTestFinished(() => place.mockRestore());
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect([state.asked(), await isPartial(bob, roomId)]).toEqual([0, false]);
});

test('behind a takeover rooms are asked for that somebody is in, and not those that were left', async () => {
  const { alice, bob } = await fasterServers();
  const [stays, left] = [await alice.createRoom(), await alice.createRoom()];
  for (const roomId of [stays, left]) await bob.join(roomId, alice.server);
  await bob.post(`/rooms/${encodeURIComponent(left)}/leave`);
  const store = roomStore(bob.server.fresh.database);
  expect(await store.unfinishedRooms()).toEqual([{ roomId: stays, through: alice.server.name }]);
});

test('of whose size nobody tells is joined with its members', async () => {
  const there = await startFederating(authority, {
    federation: { fasterJoins: 'large', joinWaitsMs: 0 },
  });
  let asked = 0;
  const here = await startFederating(authority, {
    beside: ({ url }, response) => {
      if (!url?.startsWith('/_matrix/federation/v1/hierarchy/')) return false;
      asked += 1;
      response.writeHead(404).end('{"errcode":"M_NOT_FOUND"}');
      return true;
    },
  });
  const alice = await personAt(here, 'alice');
  const bob = await personAt(there, 'bob');
  withholdsState(alice);
  const roomId = await alice.createRoom({ name: 'Castle' });
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect([asked, await isPartial(bob, roomId)]).toEqual([1, false]);
});

test('who joins while somebody else is invited there has joined, with all its members', async () => {
  const { alice, bob, state } = await fasterServers();
  state.tell();
  const dora = await personAt(bob.server, 'dora');
  const roomId = await alice.createRoom({ name: 'Castle' });
  const submit = RoomServers.prototype.submit;
  const spied = vi.spyOn(RoomServers.prototype, 'submit');
  onTestFinished(() => spied.mockRestore());
  spied.mockImplementationOnce(async function (this: RoomServers, ...handedIn) {
    const path = `/rooms/${encodeURIComponent(roomId)}/invite`;
    expect((await alice.post(path, { user_id: dora.userId })).status).toBe(200);
    return submit.apply(this, handedIn);
  });
  expect(await bob.join(roomId, alice.server)).toMatchObject({ status: 200 });
  expect(await membershipOf(dora, roomId)).toBe('invite');
  expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
});

test("an invite that came before the members were here is its user's, though nobody of ours is in the room any more", async () => {
  const { alice, bob, state } = await fasterServers();
  const dora = await personAt(bob.server, 'dora');
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  expect((await alice.post(`${path}/invite`, { user_id: dora.userId })).status).toBe(200);
  await expect.poll(() => heldAt(bob)).toBe(1);
  await bob.post(`${path}/leave`);
  state.tell();
  await expect.poll(() => heldAt(bob), { timeout: 15_000 }).toBe(0);
  expect(await membershipOf(dora, roomId)).toBe('invite');
  type Invited = Record<string, { invite_state: { events: JsonObject[] } }>;
  const told = ((await dora.rooms()).invite as unknown as Invited)[roomId]!.invite_state.events;
  expect(keysOf(told)).toContain('m.room.name');
  expect((await dora.join(roomId, alice.server)).status).toBe(200);
  expect(await stateAt(dora, roomId)).toEqual(await stateAt(alice, roomId));
});

test("an invite that was told with a state which was never entered is its user's, once", async () => {
  const { alice, bob, state } = await fasterServers();
  const dora = await personAt(bob.server, 'dora');
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  expect((await alice.post(`${path}/invite`, { user_id: dora.userId })).status).toBe(200);
  await expect.poll(() => heldAt(bob)).toBe(1);
  const invite = await membershipPduOf(alice, dora.userId);
  await stagedAt(bob, { ...invite, sender: alice.userId, target: dora.userId });
  await bob.post(`${path}/leave`);
  const { roomReceiver } = bob.server.features;
  const from = { origin: alice.server.name, isPushed: true };
  const pushed = () => roomReceiver.receive(roomId, [JSON.parse(invite.json)], from);
  await pushed();
  expect(await membershipOf(dora, roomId)).toBe('invite');
  expect(Object.keys((await dora.rooms()).invite)).toEqual([roomId]);
  state.tell();
  await expect.poll(() => heldAt(bob), { timeout: 15_000 }).toBe(0);
  expect(await dora.post(`${path}/leave`)).toMatchObject({ status: 200 });
  expect(await membershipOf(dora, roomId)).toBe('leave');
  await pushed();
  expect(await membershipOf(dora, roomId)).toBe('leave');
});

test('who is put out and invited again is invited, though nobody tells the members', async () => {
  const { alice, bob } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  const tell = refusesState(alice);
  await bob.join(roomId, alice.server);
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  for (const how of ['kick', 'invite'])
    expect((await alice.post(`${path}/${how}`, { user_id: bob.userId })).status).toBe(200);
  await expect.poll(() => membershipOf(bob, roomId), { timeout: 40_000 }).toBe('invite');
  tell();
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
  expect(await stateAt(bob, roomId)).toEqual(await stateAt(alice, roomId));
}, 60_000);

test('nobody is invited by what was pushed of a room and not signed here', async () => {
  const { alice, bob } = await fasterServers();
  const dora = await personAt(bob.server, 'dora');
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  await bob.post(`/rooms/${encodeURIComponent(roomId)}/leave`);
  const invite = signEvent(
    {
      ...{ type: 'm.room.member', room_id: roomId, sender: alice.userId, state_key: dora.userId },
      ...{ content: { membership: 'invite' }, depth: 9, origin_server_ts: Date.now() },
      ...{ prev_events: [], auth_events: [] },
      ...{ signatures: { [bob.server.name]: { [bob.server.key.keyId]: 'A'.repeat(86) } } },
    },
    rulesOf(DEFAULT_ROOM_VERSION)!,
    alice.server.name,
    alice.server.key,
  );
  const from = { origin: alice.server.name, isPushed: true };
  const [received] = await bob.server.features.roomReceiver.receive(roomId, [invite], from);
  expect(received!.kind).toBe('refused');
  expect(await membershipOf(dora, roomId)).toBeUndefined();
});

test('nobody is let into a room, or told of it, by a server that does not know its members', async () => {
  const { alice, bob, state } = await fasterServers();
  const roomId = await alice.createRoom({ name: 'Castle' });
  await bob.join(roomId, alice.server);
  const { rooms, handshake } = bob.server.features;
  const asked = { server: alice.server.name, userId: alice.userId as never, passage: 'join' };
  await expect(handshake.template(roomId, asked as never)).rejects.toMatchObject({ status: 404 });
  await expect(rooms.openForServer(roomId, alice.server.name)).rejects.toMatchObject({
    status: 404,
  });
  state.tell();
  await whole(bob, roomId);
  await rooms.openForServer(roomId, alice.server.name);
});

const FASTER = { fasterJoins: 'always' } as const;
const LAZY = '{"room":{"state":{"lazy_load_members":true}}}';

/** Bob's server joins faster; alice's says who is in a room when it is let. */
async function fasterServers(more: { joinWaitsMs?: number } = {}) {
  const alice = await personAt(await startFederating(authority), 'alice');
  const federation = { ...FASTER, ...more };
  const there = await startFederating(authority, { federation, onError: () => {} });
  return { alice, bob: await personAt(there, 'bob'), state: withholdsState(alice) };
}

/** To whoever looks around. */
function saysToHave({ server }: Person, joinedCount: number): void {
  const { rooms } = server.features;
  const summaries = rooms.summaries.bind(rooms);
  rooms.summaries = async (roomIds) =>
    new Map(
      [...(await summaries(roomIds))].map(([roomId, told]) => [roomId, { ...told, joinedCount }]),
    );
}

/** As a server does that tells its rooms' state only to who is in them; until what it answers is called. */
function refusesState({ server }: Person, status = 403): () => void {
  const { rooms } = server.features;
  const open = rooms.openForServer.bind(rooms);
  rooms.openForServer = async (...wish) => {
    const opened = await open(...wish);
    opened.stateBefore = async () => {
      throw new MatrixError(status, 'M_FORBIDDEN', 'Host not in room.');
    };
    return opened;
  };
  return () => {
    rooms.openForServer = open;
  };
}

function withholdsState({ server }: Person) {
  const { rooms } = server.features;
  const open = rooms.openForServer.bind(rooms);
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  rooms.openForServer = async (...wish) => {
    const opened = await open(...wish);
    const stateBefore = opened.stateBefore.bind(opened);
    opened.stateBefore = async (eventId) => {
      asked += 1;
      await gate.promise;
      return stateBefore(eventId);
    };
    return opened;
  };
  return { tell: gate.resolve, asked: () => asked };
}

/** As if the writer had died before the last change. */
function diesBecomingWhole({ server: { writer } }: Person) {
  const commit = writer.commit.bind(writer);
  let times = 0;
  writer.commit = (build) =>
    commit((position) => {
      const built = build(position);
      if (!built.change.rows.some(({ write }) => write.name === 'put_room_whole')) return built;
      times += 1;
      throw new Error('died');
    });
  return {
    times: () => times,
    noMore() {
      writer.commit = commit;
    },
  };
}

const opened = async ({ server }: Person, roomId: RoomId) =>
  (await server.features.rooms.open(roomId))!;

const isPartial = async (who: Person, roomId: RoomId) => (await opened(who, roomId)).isPartial;

const whole = (who: Person, roomId: RoomId) =>
  expect.poll(() => isPartial(who, roomId), { timeout: 15_000 }).toBe(false);

const membershipOf = async ({ server, userId }: Person, roomId: RoomId) =>
  (await server.features.rooms.roomsOf(userId as UserId)).get(roomId)?.membership;

const membersAt = async (who: Person, roomId: RoomId) =>
  [...(await opened(who, roomId)).members('join')].sort();

const stateAt = async (who: Person, roomId: RoomId) =>
  (await (await opened(who, roomId)).state()).map(({ eventId }) => eventId).sort();

const nameOf = async (who: Person, roomId: RoomId) =>
  (await (await opened(who, roomId)).stateEvent('m.room.member', who.userId))?.content.displayname;

const nameAt = async (who: Person, roomId: RoomId) =>
  (await (await opened(who, roomId)).stateEvent('m.room.name', ''))?.content.name;

async function statesBehind(who: Person, roomId: RoomId, { event_id }: JsonObject) {
  const room = await opened(who, roomId);
  const event = await room.event(event_id as EventId);
  return (await room.stateAfter(event!)).map(({ eventId }) => eventId).sort();
}

async function stateBehind(who: Person, roomId: RoomId, { event_id }: JsonObject) {
  const room = await opened(who, roomId);
  const event = await room.event(event_id as EventId);
  return (await room.stateAfter(event!)).map(({ type, stateKey }) => `${type} ${stateKey}`).sort();
}

async function bodiesAt(who: Person, roomId: RoomId): Promise<unknown[]> {
  const { events } = await (await opened(who, roomId)).timeline({
    ...{ after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 50 },
  });
  return events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body);
}

async function pduOf({ server }: Person, eventId: string): Promise<JsonObject> {
  const [row] = await server.fresh.database.query<{ json: string }>(
    'pdu_of',
    'SELECT json FROM event WHERE event_id = $1',
    [eventId],
  );
  return JSON.parse(row!.json);
}

async function membershipPduOf({ server }: Person, userId: string) {
  const [row] = await server.fresh.database.query<{ eventId: EventId; json: string }>(
    'newest_membership',
    `SELECT event_id AS "eventId", json FROM event WHERE state_key = $1 ORDER BY depth DESC LIMIT 1`,
    [userId],
  );
  return row!;
}

const holdMany = ({ server }: Person, from: string, count: number) =>
  server.fresh.database.query(
    'hold_many',
    `INSERT INTO held_pdu (room_nid, event_id, held_nid, server_name, json)
     SELECT room_nid, '$' || n, n, $1, '{}' FROM room, generate_series(1, $2::int8) n`,
    [from, count],
  );

/** As if their server had pushed it. */
async function receivedAt(who: Person, roomId: RoomId, from: Person, pdu: JsonObject) {
  const { roomReceiver } = who.server.features;
  const [received] = await roomReceiver.receive(roomId, [pdu], {
    ...{ origin: from.server.name, isPushed: true },
  });
  expect(received!.kind).toBe('held');
}

async function heldAt({ server }: Person): Promise<number> {
  const [row] = await server.fresh.database.query<{ count: number }>(
    'count_held',
    'SELECT count(*)::int8 AS count FROM held_pdu',
  );
  return row!.count;
}

const synced = (who: Person, filter: string, since?: unknown): Promise<JsonObject> =>
  who.get(`/sync?filter=${encodeURIComponent(filter)}${since ? `&since=${since}` : ''}`);

/** Of state and timeline; undefined where the room is not told of. */
function keysIn({ rooms }: JsonObject, roomId: RoomId): string[] | undefined {
  type Told = { state: { events: JsonObject[] }; timeline: { events: JsonObject[] } };
  const told = ((rooms as JsonObject | undefined)?.join as JsonObject | undefined)?.[roomId];
  if (told === undefined) return undefined;
  const { state, timeline } = told as unknown as Told;
  return [...state.events, ...timeline.events].map((each) => `${each.type} ${each.state_key}`);
}

/** As an attempt to enter the room leaves it that ends in the middle. */
const stagedAt = (
  { server }: Person,
  of: { eventId: string; json: string; sender: string; target: string },
) =>
  server.fresh.database.query(
    'keep_outlier',
    `INSERT INTO event (event_nid, room_nid, depth, origin_server_ts, event_id, type, state_key,
       sender, json, outlier)
     SELECT (SELECT min(n) FROM generate_series(1, 1000) n WHERE n NOT IN (SELECT event_nid FROM event)),
       room_nid, 1, 1, $1, 'm.room.member', $2, $3, $4, true FROM room`,
    [of.eventId, of.target, of.sender, of.json],
  );
