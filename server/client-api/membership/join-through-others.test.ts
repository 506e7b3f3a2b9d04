import { beforeAll, describe, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { aliceAndBob, JOINING, type Person, personAt } from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

describe.each(JOINING)('a room is joined %s', (_joining, federation) => {
  test('who may join by another room comes in by a server that may let in, where nobody of ours may', async () => {
    const { alice, bob, charlie, allowed, roomId } = await aliceInvited(federation);
    expect((await bob.join(roomId, alice.server)).status).toBe(403);
    expect((await bob.join(allowed, charlie.server)).status).toBe(200);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    const join = { membership: 'join', join_authorised_via_users_server: charlie.userId };
    for (const person of [alice, charlie])
      await expect.poll(() => memberAt(person, roomId, bob)).toMatchObject(join);
  });

  test('who leaves while the other server lets everybody invite is away then, and comes back by a server that may let in by that', async () => {
    const { alice, bob, charlie, allowed, roomId } = await aliceInvited(federation);
    await bob.join(allowed, charlie.server);
    expect((await bob.join(roomId, charlie.server)).status).toBe(200);
    // Of events beside each other the later one stands: of one moment, that with the larger event id.
    alice.server.clock.ms += 1;
    const levels = { invite: 0, users: { [charlie.userId]: 100 } };
    const [left] = await Promise.all([
      bob.post(`/rooms/${roomId}/leave`),
      charlie.put(`/rooms/${encodeURIComponent(roomId)}/state/m.room.power_levels`, levels),
    ]);
    expect(left.status).toBe(200);
    await expect
      .poll(() => alice.get(`/rooms/${roomId}/state/m.room.power_levels`))
      .toMatchObject({ invite: 0 });
    for (const person of [alice, charlie])
      await expect.poll(() => memberAt(person, roomId, bob)).toMatchObject({ membership: 'leave' });
    await charlie.server.reachable(false);
    expect((await bob.join(roomId, alice.server)).status).toBe(200);
    expect(await memberAt(alice, roomId, bob)).toMatchObject({
      ...{ membership: 'join', join_authorised_via_users_server: alice.userId },
    });
  });

  test('who may not join by another room is refused, and no other server is asked', async () => {
    const { bob, charlie, roomId } = await aliceInvited(federation);
    await charlie.server.reachable(false);
    expect(await bob.join(roomId, charlie.server)).toMatchObject({
      ...{ status: 403, body: { errcode: 'M_FORBIDDEN' } },
    });
  });

  test('where the server that may let in is away the join fails as one through another does, and works when it is back', async () => {
    const { bob, charlie, allowed, roomId } = await aliceInvited(federation);
    await bob.join(allowed, charlie.server);
    await charlie.server.reachable(false);
    expect((await bob.join(roomId, charlie.server)).status).toBe(502);
    await charlie.server.reachable(true);
    expect((await bob.join(roomId, charlie.server)).status).toBe(200);
  });

  test('who joins the successor of a room of another server takes along what they said of that for themselves', async () => {
    const [alice, bob] = await aliceAndBob(authority, federation);
    const before = await alice.createRoom({ room_version: '10' });
    await bob.join(before, alice.server);
    const rule = { actions: ['dont_notify'] };
    await bob.put(`/pushrules/global/room/${encodeURIComponent(before)}`, rule);
    const upgraded = await alice.post(`/rooms/${before}/upgrade`, { new_version: '11' });
    const after = upgraded.body.replacement_room as RoomId;
    await expect
      .poll(() => bob.get(`/rooms/${before}/state/m.room.tombstone`))
      .toMatchObject({ replacement_room: after });
    expect((await bob.join(after, alice.server)).status).toBe(200);
    const { global } = (await bob.get('/pushrules/')) as {
      global: { room: { rule_id: string }[] };
    };
    expect(global.room.map(({ rule_id }) => rule_id).sort()).toEqual([before, after].sort());
  });
});

/** Alice is in a restricted room of charlie's, who is at another server; bob, who is at hers, is not. */
async function aliceInvited(federation: (typeof JOINING)[number][1]) {
  const [alice, charlie] = await aliceAndBob(authority, federation);
  const bob = await personAt(alice.server, 'bob');
  const { allowed, roomId } = await restrictedRoom(charlie);
  await charlie.post(`/rooms/${roomId}/invite`, { user_id: alice.userId });
  expect((await alice.join(roomId, charlie.server)).status).toBe(200);
  return { alice, bob, charlie, allowed, roomId };
}

/** In which members of another room may come, and nobody but its creator may invite. */
async function restrictedRoom(creator: Person): Promise<{ allowed: RoomId; roomId: RoomId }> {
  const allowed = await creator.createRoom({ room_version: '11' });
  const allow = [{ type: 'm.room_membership', room_id: allowed, via: [creator.server.name] }];
  const content = { join_rule: 'restricted', allow };
  const roomId = await creator.createRoom({
    room_version: '11',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content }],
    power_level_content_override: { invite: 50 },
  });
  return { allowed, roomId };
}

const memberAt = (person: Person, roomId: RoomId, { userId }: Person) =>
  person.get(`/rooms/${roomId}/state/m.room.member/${encodeURIComponent(userId)}`);
