import { beforeAll, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { aliceAndBob, type Person } from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('the published rooms of another server are asked for there, page by page and by their words', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  for (const name of ['Cats', 'Dogs', 'Catfish'])
    await bob.createRoom({ name, visibility: 'public' });
  const server = `server=${bob.server.name}`;
  const first = await get(alice, `/publicRooms?${server}&limit=2`);
  const second = await get(alice, `/publicRooms?${server}&limit=2&since=${first.next_batch}`);
  expect([...namesOf(first), ...namesOf(second)].sort()).toEqual(['Catfish', 'Cats', 'Dogs']);
  expect(first.total_room_count_estimate).toBe(3);
  expect(second.next_batch).toBeUndefined();
  const found = await alice.post(`/publicRooms?${server}`, {
    filter: { generic_search_term: 'cat' },
  });
  expect(namesOf(found.body).sort()).toEqual(['Catfish', 'Cats']);
  expect(namesOf(await get(alice, '/publicRooms'))).toEqual([]);
});

test('a directory of a server that is away, or of no server, is told as such', async () => {
  const [alice] = await aliceAndBob(authority);
  const refused = async (server: string) => {
    const { status, body } = await alice.server.ask(`GET /publicRooms?server=${server}`);
    return [status, body.errcode];
  };
  expect(await refused('localhost:1')).toEqual([502, 'M_UNKNOWN']);
  expect(await refused('no%20name')).toEqual([400, 'M_INVALID_PARAM']);
});

test('of what a server says of its rooms that is passed on which has a meaning', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const room = { room_id: '!r:there.org', num_joined_members: -1, name: 7, topic: 'x', evil: true };
  vi.spyOn(alice.server.features.federationClient, 'ask').mockResolvedValue({
    ...{ chunk: [room, { room_id: 'none' }, 'none'], total_room_count_estimate: 'many' },
    ...{ next_batch: 7, errcode: 'M_UNKNOWN_TOKEN' },
  });
  expect(await get(alice, `/publicRooms?server=${bob.server.name}`)).toEqual({
    chunk: [
      {
        ...{ room_id: '!r:there.org', num_joined_members: 0, topic: 'x', join_rule: 'public' },
        ...{ world_readable: false, guest_can_join: false },
      },
    ],
  });
});

test('a space shows its rooms of other servers as these tell of them, through all levels', async () => {
  const { alice, space, inner, ids } = await spaceOverTwoServers();
  const told = await hierarchy(alice, space);
  expect(told.map(({ name }) => name)).toEqual(['Ours', 'Inner', 'Bob’s', 'Only asked in']);
  const [, first] = told;
  expect(first).toMatchObject({ room_id: inner, room_type: 'm.space', num_joined_members: 1 });
  expect((first!.children_state as JsonObject[]).map(({ state_key }) => state_key)).toEqual(ids);
});

test('no level deeper than asked for is looked at elsewhere, and what was told is kept', async () => {
  const { alice, space } = await spaceOverTwoServers();
  const asked = vi.spyOn(alice.server.features.federationClient, 'ask');
  expect(await hierarchy(alice, space, '?max_depth=1')).toHaveLength(2);
  expect(asked).toHaveBeenCalledTimes(1);
  await hierarchy(alice, space);
  const before = asked.mock.calls.length;
  await hierarchy(alice, space);
  expect(asked).toHaveBeenCalledTimes(before);
});

test('pages of a space over two servers are the whole of it, each room once', async () => {
  const { alice, space } = await spaceOverTwoServers();
  const whole = await hierarchy(alice, space);
  const paged: JsonObject[] = [];
  for (let from = ''; ; ) {
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(space)}/hierarchy?limit=1${from}`;
    const { rooms, next_batch } = await get(alice, path);
    paged.push(...(rooms as JsonObject[]));
    if (next_batch === undefined) break;
    from = `&from=${next_batch}`;
  }
  expect(paged).toEqual(whole);
});

test('a server tells of the room that it was asked about, and names nobody’s children but that room’s', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const space = await alice.createRoom({ creation_content: { type: 'm.space' } });
  await hold(alice, space, '!elsewhere:there.org', [bob.server.name]);
  const ask = vi.spyOn(alice.server.features.federationClient, 'ask');
  const room = { room_id: '!another:there.org', num_joined_members: 1, name: 'Bank' };
  ask.mockResolvedValueOnce({ room, children: [] });
  expect(await hierarchy(alice, space)).toHaveLength(1);
  alice.server.clock.ms += 10 * 60_000;
  const child = { type: 'm.space.child', sender: bob.userId, origin_server_ts: 1 };
  ask.mockResolvedValue({
    room: {
      ...{ ...room, room_id: '!elsewhere:there.org', room_type: 'm.space' },
      children_state: [
        { ...child, state_key: '!x:there.org', content: { via: 'there.org' } },
        { ...child, state_key: 'no room', content: { via: ['there.org'] } },
        { ...child, type: 'm.room.member', state_key: '!y:there.org', content: { via: [] } },
        7,
      ],
    },
  });
  const [, told] = await hierarchy(alice, space);
  expect(told).toMatchObject({ name: 'Bank', children_state: [] });
});

test('a room of another server that is not for everybody is shown to nobody who could not join', async () => {
  const { alice, bob, space, secret } = await spaceOverTwoServers();
  await hold(alice, space, secret, [bob.server.name]);
  const ids = (await hierarchy(alice, space)).map(({ room_id }) => room_id);
  expect(ids).not.toContain(secret);
});

test('a room’s summary is asked for by way of the servers that are named', async () => {
  const { alice, bob, ids } = await spaceOverTwoServers();
  const at = (via: string) =>
    `/_matrix/client/v1/room_summary/${encodeURIComponent(ids[0]!)}${via}`;
  const { body } = await alice.server.ask(`GET ${at('')}`, { token: alice.token });
  expect(body.errcode).toBe('M_NOT_FOUND');
  const told = await get(alice, at(`?via=localhost:1&via=${bob.server.name}`));
  expect(told).toMatchObject({ name: 'Bob’s', join_rule: 'public', num_joined_members: 1 });
});

/** Alice's space holds a space of Bob, and this an open room, one into which Alice is asked, and one that is neither. */
async function spaceOverTwoServers() {
  const [alice, bob] = await aliceAndBob(authority);
  const isSpace = { creation_content: { type: 'm.space' } };
  const space = await alice.createRoom({ ...isSpace, name: 'Ours' });
  const inner = await bob.createRoom({ ...isSpace, name: 'Inner' });
  const open = await bob.createRoom({ name: 'Bob’s' });
  const asked = await bob.createRoom({ preset: 'private_chat', name: 'Only asked in' });
  const secret = await bob.createRoom({ preset: 'private_chat', name: 'Secret' });
  await bob.post(`/rooms/${encodeURIComponent(asked)}/invite`, { user_id: alice.userId });
  await hold(alice, space, inner, [bob.server.name]);
  let order = 0;
  for (const roomId of [open, asked, secret])
    await hold(bob, inner, roomId, [bob.server.name], `${++order}`);
  return { alice, bob, space, inner, secret, ids: [open, asked, secret] };
}

const hold = (
  { put }: Person,
  space: RoomId,
  roomId: string,
  via: readonly string[],
  order = '0',
) =>
  put(`/rooms/${encodeURIComponent(space)}/state/m.space.child/${encodeURIComponent(roomId)}`, {
    ...{ via: [...via], order },
  });

async function hierarchy(person: Person, space: RoomId, query = ''): Promise<JsonObject[]> {
  const path = `/_matrix/client/v1/rooms/${encodeURIComponent(space)}/hierarchy${query}`;
  return (await get(person, path)).rooms as JsonObject[];
}

async function get({ server, token }: Person, path: string): Promise<JsonObject> {
  const { status, body } = await server.ask(`GET ${path}`, { token });
  expect([status, body]).toEqual([200, body]);
  return body;
}

const namesOf = ({ chunk }: JsonObject) =>
  (chunk as JsonObject[]).map(({ name }) => name as string);
