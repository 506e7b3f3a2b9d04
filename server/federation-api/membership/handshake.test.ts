import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { asked, refusal, sharedRoomAt, sharedRoomOn } from '../../../test/support/shared-room.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseEvent } from '../../protocol/parse-event.ts';
import { roomVersions, rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';
import { xMatrixHeader } from '../../protocol/x-matrix.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const sharedRoom = (options: JsonObject = {}) =>
  sharedRoomAt(authority, { isTheirsIn: false, ...options });
type Shared = Awaited<ReturnType<typeof sharedRoom>>;

const ALL = `ver=${roomVersions().join('&ver=')}`;

const pathOf = ({ roomId, theirs }: Shared, make: string) =>
  `/${make}/${encodeURIComponent(roomId)}/${theirs.target}`;

const made = (shared: Shared, make: string, query = ALL) =>
  shared.ask(`${pathOf(shared, make)}?${query}`);

test.each(roomVersions())(
  'a server is given a join to sign that the room takes (version %s)',
  async (version) => {
    const shared = await sharedRoom({ room_version: version });
    const { room_version, event } = await made(shared, 'make_join', `ver=1&ver=${version}`);
    expect(room_version).toBe(version);
    const bob = shared.theirs.target;
    expect(event).toMatchObject({
      ...{ type: 'm.room.member', sender: bob, state_key: bob, origin: shared.here.name },
      ...{ room_id: shared.roomId, content: { membership: 'join' }, depth: expect.any(Number) },
    });
    for (const name of ['event_id', 'hashes', 'signatures', 'unsigned'])
      expect(event).not.toHaveProperty(name);
    const rules = rulesOf(version)!;
    const given = rules.eventIdForm === 'given' ? { event_id: `$x:${shared.there.name}` } : {};
    const signed = signEvent(
      { ...(event as JsonObject), ...given },
      rules,
      shared.there.name,
      shared.there.key,
    );
    expect(parseEvent(signed, rules)).toMatchObject({ ok: true });
  },
);

test('a server that does not know the room’s version is told which it is', async () => {
  const shared = await sharedRoom({ room_version: '11' });
  for (const make of ['make_join', 'make_knock'])
    for (const query of ['ver=9&ver=10', '']) {
      const error = await shared.ask(`${pathOf(shared, make)}?${query}`).catch((each) => each);
      expect([error.status, error.errcode]).toEqual([400, 'M_INCOMPATIBLE_ROOM_VERSION']);
    }
  const uri = `/_matrix/federation/v1${pathOf(shared, 'make_join')}?ver=1`;
  const { here, there } = shared;
  const request = { method: 'GET', uri, origin: there.name, destination: here.name };
  const headers = { authorization: xMatrixHeader(request, there.key) };
  expect((await here.ask(`GET ${uri}`, { headers })).body.room_version).toBe('11');
});

test('of a room that is not here nobody is given anything', async () => {
  const shared = await sharedRoom();
  const nowhere = { ...shared, roomId: `!${'x'.repeat(43)}` as never };
  for (const make of ['make_join', 'make_leave', 'make_knock'])
    expect(await refusal(made(nowhere, make))).toEqual([404, 'M_NOT_FOUND']);
});

test('a room that all of this server’s users have left is none of this server’s', async () => {
  const shared = await sharedRoom();
  const path = `POST /rooms/${encodeURIComponent(shared.roomId)}/leave`;
  await shared.here.ask(path, { token: shared.token, body: {} });
  expect(await refusal(made(shared, 'make_join'))).toEqual([404, 'M_NOT_FOUND']);
});

test('a server is given nothing for users of others', async () => {
  const shared = await sharedRoom();
  const others = { ...shared, theirs: { ...shared.theirs, target: '@eve:other.org' as never } };
  for (const make of ['make_join', 'make_leave', 'make_knock'])
    expect(await refusal(made(others, make))).toEqual([403, 'M_FORBIDDEN']);
});

test('a server that the room denies by its ACL is not let in', async () => {
  const shared = await sharedRoom();
  await shared.set('m.room.server_acl', { allow: ['*'], deny: ['localhost'] });
  for (const make of ['make_join', 'make_leave', 'make_knock'])
    expect(await refusal(made(shared, make))).toEqual([403, 'M_FORBIDDEN']);
});

test('who may not join, is not in the room, or may not knock is told so', async () => {
  const shared = await sharedRoom({ preset: 'private_chat' });
  for (const make of ['make_join', 'make_leave', 'make_knock'])
    expect(await refusal(made(shared, make))).toEqual([403, 'M_FORBIDDEN']);
});

test('who is in the room may leave, and who finds its door closed may knock where that is the rule', async () => {
  const shared = await sharedRoom();
  await shared.set('m.room.join_rules', { join_rule: 'knock' });
  const knock = await made(shared, 'make_knock');
  expect(knock.event).toMatchObject({ content: { membership: 'knock' } });
  await shared.set('m.room.join_rules', { join_rule: 'public' });
  await shared.rooms.changeMembership(shared.roomId, { ...shared.theirs, action: 'join' }, {});
  const leave = await shared.ask(pathOf(shared, 'make_leave'));
  expect(leave.event).toMatchObject({ content: { membership: 'leave' } });
});

const restrictedTo = (...rooms: string[]) => ({
  ...{ join_rule: 'restricted' },
  allow: rooms.map((room_id) => ({ type: 'm.room_membership', room_id })),
});

test('who is in a room whose members may join is let in by somebody who could invite them', async () => {
  const shared = await sharedRoom();
  const club = await sharedRoomOn(shared.here, shared.there, shared.token);
  await shared.set('m.room.join_rules', restrictedTo(club.roomId));
  const { event } = await made(shared, 'make_join');
  expect((event as JsonObject).content).toEqual({
    membership: 'join',
    join_authorised_via_users_server: `@alice:${shared.here.name}`,
  });
});

test('who is in none of the rooms whose members may join is not let in', async () => {
  const shared = await sharedRoom();
  const club = await sharedRoomOn(shared.here, shared.there, shared.token, { isTheirsIn: false });
  await shared.set('m.room.join_rules', restrictedTo(club.roomId));
  expect(await refusal(made(shared, 'make_join'))).toEqual([403, 'M_FORBIDDEN']);
});

test('who may be in a room that is not here is sent to another server', async () => {
  const shared = await sharedRoom();
  await shared.set('m.room.join_rules', restrictedTo('!elsewhere:other.org'));
  expect(await refusal(made(shared, 'make_join'))).toEqual([400, 'M_UNABLE_TO_AUTHORISE_JOIN']);
});

test('where nobody of this server could invite them they are sent to another server', async () => {
  const shared = await sharedRoom({ room_version: '11' });
  const club = await sharedRoomOn(shared.here, shared.there, shared.token);
  await shared.set('m.room.join_rules', restrictedTo(club.roomId));
  const users = { [`@alice:${shared.here.name}`]: 50 };
  expect(await shared.set('m.room.power_levels', { invite: 100, users })).toBeDefined();
  expect(await refusal(made(shared, 'make_join'))).toEqual([400, 'M_UNABLE_TO_GRANT_JOIN']);
});

test('nobody of another server comes into a blocked room, and whoever is in it may go', async () => {
  const shared = await sharedRoom();
  await shared.rooms.block(shared.roomId, `@alice:${shared.here.name}` as never, {});
  for (const make of ['make_join', 'make_knock'])
    expect(await refusal(made(shared, make))).toEqual([403, 'M_FORBIDDEN']);
  await shared.rooms.block(shared.roomId, undefined, {});
  await shared.rooms.changeMembership(shared.roomId, { ...shared.theirs, action: 'join' }, {});
  await shared.rooms.block(shared.roomId, `@alice:${shared.here.name}` as never, {});
  expect((await made(shared, 'make_leave')).event).toBeDefined();
});

test('a stranger, and one without a key, is given nothing', async () => {
  const shared = await sharedRoom();
  const url = `GET /_matrix/federation/v1${pathOf(shared, 'make_join')}?${ALL}`;
  expect((await shared.here.ask(url)).body).toMatchObject({ errcode: 'M_UNAUTHORIZED' });
  expect(await refusal(asked(shared.there, shared.here, '/make_join/x/@bob:x'))).toEqual([
    400,
    'M_INVALID_PARAM',
  ]);
});
