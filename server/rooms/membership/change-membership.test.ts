import { expect, test } from 'vitest';
import { holdCommits } from '../../../test/support/hold-commits.ts';
import { holdingReads } from '../../../test/support/hold-reads.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, bringIn, carol, openRooms } from '../../../test/support/rooms.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { NewRoom } from '../create/new-room.ts';
import type { MembershipChange } from './membership.ts';

const refusal = { status: 403, errcode: 'M_FORBIDDEN' };

test('into a private room one comes by invite only', async () => {
  await using bench = await workbench();
  await expect(bench.change('join', bob)).rejects.toMatchObject(refusal);
  await bench.change('invite', bob, alice);
  await bench.change('join', bob);
  expect(await bench.membership(bob)).toBe('join');
});

test('whoever is not in the room invites nobody', async () => {
  await using bench = await workbench();
  await expect(bench.change('invite', carol, bob)).rejects.toMatchObject(refusal);
});

test('a kick needs power, and somebody to be kicked', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob);
  await expect(bench.change('kick', alice, bob)).rejects.toMatchObject(refusal);
  await expect(bench.change('kick', carol, alice)).rejects.toMatchObject(refusal);
  await bench.change('kick', bob, alice, { reason: 'rude' });
  expect(await bench.content(bob)).toEqual({ membership: 'leave', reason: 'rude' });
});

test('a ban holds until it is lifted, and lifting it lets nobody in', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  await bench.change('ban', bob, alice);
  await expect(bench.change('join', bob)).rejects.toMatchObject(refusal);
  await bench.change('unban', bob, alice);
  expect(await bench.membership(bob)).toBe('leave');
  await expect(bench.change('unban', bob, alice)).rejects.toMatchObject(refusal);
  await bench.change('join', bob);
});

test('a kick is no way to lift a ban', async () => {
  await using bench = await workbench();
  await bench.change('ban', bob, alice);
  await expect(bench.change('kick', bob, alice)).rejects.toMatchObject(refusal);
  expect(await bench.membership(bob)).toBe('ban');
});

test('an invite can be declined, and then one is not in the room', async () => {
  await using bench = await workbench({ invite: [bob] });
  await bench.change('leave', bob);
  expect(await bench.membership(bob)).toBe('leave');
  await expect(bench.change('join', bob)).rejects.toMatchObject(refusal);
});

test('joining and leaving twice make no second event', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  expect(await bench.change('join', bob)).toBe(await bench.change('join', bob));
  expect(await bench.change('leave', bob)).toBe(await bench.change('leave', bob));
});

test('profiles go along with joins and invites, and are spread when they change', async () => {
  await using bench = await workbench();
  bench.profiles.set(bob, { displayname: 'Bob', 'm.tz': 'Europe/Lisbon' });
  await bench.change('invite', bob, alice);
  expect(await bench.content(bob)).toEqual({ membership: 'invite', displayname: 'Bob' });
  await bench.change('join', bob);
  const joined = (await bench.rooms.roomsOf(bob)).get(bench.roomId)!;
  bench.profiles.set(bob, { displayname: 'Robert', avatar_url: 'mxc://example.org/b' });
  await bench.rooms.spreadProfile(bob);
  expect(await bench.content(bob)).toEqual({
    membership: 'join',
    displayname: 'Robert',
    avatar_url: 'mxc://example.org/b',
  });
  const renamed = (await bench.rooms.roomsOf(bob)).get(bench.roomId)!;
  expect(renamed.since).toBe(joined.since);
  expect(renamed.position).toBeGreaterThan(joined.position);
  await using restarted = await openRooms(bench.fresh);
  expect((await restarted.rooms.roomsOf(bob)).get(bench.roomId)).toEqual(renamed);
});

test('a name that changes after a restart moves no beginning either', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob);
  const { since } = (await bench.rooms.roomsOf(bob)).get(bench.roomId)!;
  await using restarted = await openRooms(bench.fresh);
  restarted.profiles.set(bob, { displayname: 'Robert' });
  await restarted.rooms.spreadProfile(bob);
  await using again = await openRooms(bench.fresh);
  for (const { rooms } of [restarted, again])
    expect((await rooms.roomsOf(bob)).get(bench.roomId)?.since).toBe(since);
});

test('a room that was left can be forgotten, and remembered by joining again', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  await bench.change('join', bob);
  await expect(bench.rooms.forget(bench.roomId, bob, {})).rejects.toMatchObject({
    status: 400,
    errcode: 'M_UNKNOWN',
  });
  await bench.change('leave', bob);
  await bench.rooms.forget(bench.roomId, bob, {});
  const forgotten = (await bench.rooms.roomsOf(bob)).get(bench.roomId);
  expect(forgotten).toMatchObject({ membership: 'leave', forgotten: true });
  await using restarted = await openRooms(bench.fresh);
  expect((await restarted.rooms.roomsOf(bob)).get(bench.roomId)).toEqual(forgotten);
  await restarted.rooms.changeMembership(
    bench.roomId,
    { sender: bob, target: bob, action: 'join' },
    {},
  );
  expect((await restarted.rooms.roomsOf(bob)).get(bench.roomId)?.forgotten).toBe(false);
});

test('a join on its way is not overwritten by a forget', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  await bench.change('join', bob);
  await bench.change('leave', bob);
  const held = await holdCommits(bench.fresh.url);
  const joining = bench.change('join', bob);
  await held.untilOneWaits();
  const refused = expect(bench.rooms.forget(bench.roomId, bob, {})).rejects.toMatchObject({
    status: 400,
    errcode: 'M_UNKNOWN',
  });
  await bench.longerThanBuilding();
  await held.release();
  await joining;
  await refused;
  await using restarted = await openRooms(bench.fresh);
  expect((await restarted.rooms.roomsOf(bob)).get(bench.roomId)).toMatchObject({
    membership: 'join',
    forgotten: false,
  });
});

test('an invite that comes while it is read what is to be forgotten is not overwritten', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  await bench.change('join', bob);
  await bench.change('leave', bob);
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  await under.say(bench.roomId, alice, 'the room is in memory now');
  const read = reads.hold('memberships_of');
  const refused = expect(under.rooms.forget(bench.roomId, bob, {})).rejects.toMatchObject({
    status: 400,
    errcode: 'M_UNKNOWN',
  });
  await read.isRead;
  const held = await holdCommits(bench.fresh.url);
  const invite = { sender: alice, target: bob, action: 'invite' } as const;
  const inviting = under.rooms.changeMembership(bench.roomId, invite, {});
  await held.untilOneWaits();
  read.goOn();
  await bench.longerThanBuilding();
  await held.release();
  await inviting;
  await refused;
  await using restarted = await openRooms(bench.fresh);
  expect((await restarted.rooms.roomsOf(bob)).get(bench.roomId)?.membership).toBe('invite');
});

test('who warrants for a restricted join is in the room and may invite', async () => {
  await using bench = await workbench();
  const dave = '@dave:example.org' as UserId;
  const space = await bench.rooms.create(dave, {}, {});
  await bringIn(bench, bench.roomId, bob, carol);
  const users = { [bob]: 10, [carol]: 50 };
  await bench.setState(bench.roomId, {
    sender: alice,
    type: 'm.room.power_levels',
    stateKey: '',
    content: { users, invite: 50 },
  });
  await bench.restrictTo(space);
  await bench.change('leave', alice);
  await bench.change('join', dave);
  expect((await bench.content(dave))?.join_authorised_via_users_server).toBe(carol);
});

test('into a restricted room one comes through the room that it names', async () => {
  await using bench = await workbench();
  const space = await bench.rooms.create(alice, { preset: 'public_chat' }, {});
  await bench.restrictTo(space);
  await expect(bench.change('join', bob)).rejects.toMatchObject(refusal);
  await bench.rooms.changeMembership(space, { sender: bob, target: bob, action: 'join' }, {});
  await bench.change('join', bob);
  expect(await bench.content(bob)).toEqual({
    membership: 'join',
    join_authorised_via_users_server: alice,
  });
});

test('nobody enters a restricted room by setting state, whomever they name as their warrantor', async () => {
  await using bench = await workbench();
  const space = await bench.rooms.create(alice, { preset: 'public_chat' }, {});
  await bench.restrictTo(space);
  const enter = () =>
    bench.setMember(bob, bob, { membership: 'join', join_authorised_via_users_server: alice });
  await expect(enter()).rejects.toMatchObject(refusal);
  expect(await bench.membership(bob)).toBeUndefined();
  await bench.rooms.changeMembership(space, { sender: bob, target: bob, action: 'join' }, {});
  await enter();
  expect(await bench.membership(bob)).toBe('join');
});

test('a warrantor that a client names is never repeated, by whatever way', async () => {
  await using bench = await workbench({
    initial_state: [
      {
        type: 'm.room.member',
        state_key: alice,
        content: { membership: 'join', join_authorised_via_users_server: alice },
      },
    ],
  });
  expect(await bench.content(alice)).toEqual({ membership: 'join' });
  const content = { membership: 'join', join_authorised_via_users_server: alice, n: 1 };
  await bench.setMember(alice, alice, content);
  expect(await bench.content(alice)).toEqual({ membership: 'join', n: 1 });
});

test('a membership set as state is what the endpoint would have made of it', async () => {
  await using bench = await workbench();
  bench.profiles.set(bob, { displayname: 'Bob' });
  await bench.setMember(alice, bob, { membership: 'invite', displayname: 'Bobby', extra: 1 });
  expect(await bench.content(bob)).toEqual({ membership: 'invite', displayname: 'Bob', extra: 1 });
  await bench.setMember(bob, bob, { membership: 'join', displayname: 'Bob of the room' });
  expect(await bench.content(bob)).toEqual({ membership: 'join', displayname: 'Bob of the room' });
  await bench.setMember(alice, bob, { membership: 'ban', reason: 'rude' });
  expect(await bench.content(bob)).toEqual({ membership: 'ban', reason: 'rude' });
  await bench.setMember(alice, bob, { membership: 'leave' });
  expect(await bench.membership(bob)).toBe('leave');
});

test.each([
  ['a user id that is none', 'bogus', { membership: 'join' }, 'M_INVALID_PARAM'],
  ['a membership that is none', alice, { membership: 'guest' }, 'M_BAD_JSON'],
  ['no membership', alice, {}, 'M_BAD_JSON'],
  ['a name too long', alice, { membership: 'join', displayname: 'x'.repeat(257) }, 'M_BAD_JSON'],
])('a member event with %s is refused', async (_what, stateKey, content, errcode) => {
  await using bench = await workbench();
  const refused = bench.setMember(alice, stateKey as UserId, content);
  await expect(refused).rejects.toMatchObject({ status: 400, errcode });
});

test('a name that was stored before it had a limit keeps its user out of no room', async () => {
  await using bench = await workbench({ invite: [bob] });
  bench.profiles.set(bob, { displayname: 'x'.repeat(64_000), avatar_url: 'mxc://example.org/b' });
  await bench.change('join', bob);
  expect(await bench.content(bob)).toEqual({
    membership: 'join',
    avatar_url: 'mxc://example.org/b',
  });
});

test('whoever is kicked while their name changes stays outside, and has the name elsewhere', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  const rooms = [bench.roomId];
  for (let index = 0; index < 2; index++)
    rooms.push(await bench.rooms.create(alice, { preset: 'public_chat' }, {}));
  for (const roomId of rooms)
    await bench.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  bench.profiles.set(bob, { displayname: 'Robert' });
  const kick = { sender: alice, target: bob, action: 'kick' } as const;
  const held = await holdCommits(bench.fresh.url);
  const kicking = bench.rooms.changeMembership(rooms[1]!, kick, {});
  await held.untilOneWaits();
  const spreading = bench.rooms.spreadProfile(bob);
  await bench.longerThanBuilding();
  await held.release();
  await Promise.all([kicking, spreading]);
  const shown = rooms.map((roomId) => bench.stateContent(roomId, 'm.room.member', bob));
  expect(await Promise.all(shown)).toEqual([
    { membership: 'join', displayname: 'Robert' },
    { membership: 'leave' },
    { membership: 'join', displayname: 'Robert' },
  ]);
});

test('a room that refuses a new name keeps it from no other room', async () => {
  await using bench = await workbench({ preset: 'public_chat' });
  const other = await bench.rooms.create(alice, { preset: 'public_chat' }, {});
  for (const roomId of [bench.roomId, other])
    await bench.rooms.changeMembership(roomId, { sender: bob, target: bob, action: 'join' }, {});
  bench.profiles.set(bob, { displayname: 'Robert' });
  await Promise.all([bench.change('ban', bob, alice), bench.rooms.spreadProfile(bob)]);
  expect(await bench.content(bob)).toEqual({ membership: 'ban' });
  expect(await bench.stateContent(other, 'm.room.member', bob)).toMatchObject({
    displayname: 'Robert',
  });
});

test('who knocks waits for an invite', async () => {
  await using bench = await workbench({
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
  });
  await bench.change('knock', bob, bob, { reason: 'please' });
  expect(await bench.content(bob)).toEqual({ membership: 'knock', reason: 'please' });
  await expect(bench.change('join', bob)).rejects.toMatchObject(refusal);
  await bench.change('invite', bob, alice);
  await bench.change('join', bob);
});

test('users of other servers are not invited while nobody would tell them', async () => {
  await using bench = await workbench();
  const remote = '@far:elsewhere.org' as UserId;
  const invite = {
    sender: alice,
    type: 'm.room.member',
    stateKey: remote,
    content: { membership: 'invite' },
  };
  await expect(bench.change('invite', remote, alice)).rejects.toMatchObject(refusal);
  await expect(bench.setState(bench.roomId, invite)).rejects.toMatchObject(refusal);
  await expect(bench.rooms.create(alice, { invite: [remote] }, {})).rejects.toMatchObject(refusal);
});

test('a room that nobody knows is entered by nobody', async () => {
  await using bench = await workbench();
  const change = { sender: bob, target: bob, action: 'join' } as const;
  const nowhere = '!nowhere:example.org' as RoomId;
  await expect(bench.rooms.changeMembership(nowhere, change, {})).rejects.toMatchObject({
    status: 404,
    errcode: 'M_NOT_FOUND',
  });
});

async function workbench(room: NewRoom = {}) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId = await under.rooms.create(alice, room, {});
  const content = (userId: UserId) => under.stateContent(roomId, 'm.room.member', userId);
  return {
    ...under,
    fresh,
    roomId,
    content,
    /** A read of the database lasts longer than building an event does. */
    longerThanBuilding: () => under.rooms.resolveAlias('#none:example.org' as RoomAlias),
    setMember: (sender: UserId, target: UserId, content: JsonObject) =>
      under.setState(roomId, { sender, type: 'm.room.member', stateKey: target, content }),
    restrictTo: (space: RoomId) =>
      under.setState(roomId, {
        sender: alice,
        type: 'm.room.join_rules',
        stateKey: '',
        content: {
          join_rule: 'restricted',
          allow: [{ type: 'm.room_membership', room_id: space }],
        },
      }),
    membership: async (userId: UserId) => (await content(userId))?.membership,
    change: (
      action: MembershipChange['action'],
      target: UserId,
      sender = target,
      more: { reason?: string } = {},
    ) => under.rooms.changeMembership(roomId, { sender, target, action, ...more }, {}),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
