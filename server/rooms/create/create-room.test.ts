import { verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, carol, openRooms, signingKey } from '../../../test/support/rooms.ts';
import { contentHashMatches, referenceHash } from '../../protocol/hashes.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseEvent } from '../../protocol/parse-event.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { signedTextOfEvent, verifyKeyFrom } from '../../protocol/signatures.ts';
import type { Building } from '../write/building.ts';
import { makeRoom } from './build-room.ts';
import type { NewRoom } from './new-room.ts';

test('a private chat is for those invited', async () => {
  await using made = await make({ preset: 'private_chat' });
  expect(await made.state('m.room.join_rules')).toEqual({ join_rule: 'invite' });
  expect(await made.state('m.room.history_visibility')).toEqual({ history_visibility: 'shared' });
  expect(await made.state('m.room.guest_access')).toEqual({ guest_access: 'can_join' });
});

test('a public chat is for everybody but guests', async () => {
  await using made = await make({ preset: 'public_chat' });
  expect(await made.state('m.room.join_rules')).toEqual({ join_rule: 'public' });
  expect(await made.state('m.room.guest_access')).toEqual({ guest_access: 'forbidden' });
  await made.rooms.changeMembership(
    made.roomId,
    { sender: carol, target: carol, action: 'join' },
    {},
  );
  expect(await made.state('m.room.member', carol)).toEqual({ membership: 'join' });
});

test('whom a trusted private chat invites are creators like the one who made it', async () => {
  await using made = await make({ preset: 'trusted_private_chat', invite: [bob] });
  expect(await made.state('m.room.create')).toEqual({
    room_version: '12',
    additional_creators: [bob],
  });
  expect((await made.state('m.room.power_levels'))?.users).toEqual({});
});

test('before version 12 they get the power level of the creator', async () => {
  await using made = await make({
    preset: 'trusted_private_chat',
    invite: [bob],
    room_version: '10',
  });
  expect(await made.state('m.room.create')).toEqual({ room_version: '10', creator: alice });
  expect((await made.state('m.room.power_levels'))?.users).toEqual({ [alice]: 100, [bob]: 100 });
});

test('without a preset the visibility says which one', async () => {
  await using made = await make({ visibility: 'public' });
  expect(await made.state('m.room.join_rules')).toEqual({ join_rule: 'public' });
});

test('the initial state wins over the preset, and the name over the initial state', async () => {
  await using made = await make({
    preset: 'public_chat',
    name: 'The pub',
    topic: 'Beer',
    initial_state: [
      { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } },
      { type: 'm.room.name', state_key: '', content: { name: 'Not this' } },
      { type: 'org.example.thing', state_key: 'k', content: { n: 1 } },
    ],
  });
  expect(await made.state('m.room.join_rules')).toEqual({ join_rule: 'knock' });
  expect(await made.state('m.room.name')).toEqual({ name: 'The pub' });
  expect(await made.state('m.room.topic')).toMatchObject({ topic: 'Beer' });
  expect(await made.state('org.example.thing', 'k')).toEqual({ n: 1 });
});

test('power levels are laid over the default ones', async () => {
  await using made = await make({ power_level_content_override: { invite: 0, events: {} } });
  expect(await made.state('m.room.power_levels')).toMatchObject({
    invite: 0,
    events: {},
    state_default: 50,
  });
});

test.each([
  ['private_chat', 0],
  ['trusted_private_chat', 0],
  ['public_chat', 50],
] as const)(
  'to invite others into a room made as %s takes the level %s',
  async (preset, invite) => {
    await using made = await make({ preset });
    expect(await made.state('m.room.power_levels')).toMatchObject({ invite });
  },
);

test('the creation content goes into the create event, but not the version', async () => {
  await using made = await make({
    creation_content: { type: 'm.space', room_version: '1', 'm.federate': false },
  });
  expect(await made.state('m.room.create')).toEqual({
    type: 'm.space',
    room_version: '12',
    'm.federate': false,
  });
});

test('those invited are invited, to a direct chat if it is one', async () => {
  await using made = await make({ invite: [bob, carol], is_direct: true });
  for (const invited of [bob, carol])
    expect(await made.state('m.room.member', invited)).toEqual({
      membership: 'invite',
      is_direct: true,
    });
  expect((await made.rooms.roomsOf(bob)).get(made.roomId)?.membership).toBe('invite');
});

test('an alias names the room, and is taken then', async () => {
  await using made = await make({ room_alias_name: 'pub' });
  const alias = '#pub:example.org' as never;
  expect(await made.state('m.room.canonical_alias')).toEqual({ alias: '#pub:example.org' });
  expect((await made.rooms.resolveAlias(alias))?.roomId).toBe(made.roomId);
  await expect(made.rooms.create(bob, { room_alias_name: 'pub' }, {})).rejects.toMatchObject({
    status: 400,
    errcode: 'M_ROOM_IN_USE',
  });
});

test.each<[string, NewRoom, string]>([
  ['of an unknown version', { room_version: '99' }, 'M_UNSUPPORTED_ROOM_VERSION'],
  [
    'whose creator is named in the power levels',
    { power_level_content_override: { users: { [alice]: 100 } } },
    'M_INVALID_ROOM_STATE',
  ],
  [
    'whose creator may not set the name',
    { room_version: '10', power_level_content_override: { users: { [alice]: 0 } }, name: 'x' },
    'M_INVALID_ROOM_STATE',
  ],
  ['whose alias is none', { room_alias_name: 'a:b' }, 'M_INVALID_PARAM'],
])('a room %s is not made, and leaves nothing behind', async (_what, room, errcode) => {
  await using fresh = await freshDatabase();
  await using under = await openRooms(fresh);
  await expect(under.rooms.create(alice, room, {})).rejects.toMatchObject({ status: 400, errcode });
  expect(await fresh.database.query('rooms', 'SELECT 1 FROM room')).toEqual([]);
  expect(await fresh.database.query('events', 'SELECT 1 FROM event')).toEqual([]);
});

test('two rooms made in one millisecond are two rooms', async () => {
  await using fresh = await freshDatabase();
  await using under = await openRooms(fresh, { now: () => 1_700_000_000_000 });
  const rooms = await Promise.all([0, 1].map(() => under.rooms.create(alice, {}, {})));
  expect(new Set(rooms).size).toBe(2);
});

test('all events of a room are real: hashed, signed, linked, and one behind the other', async () => {
  await using made = await make({ invite: [bob], name: 'Real' });
  await made.say(made.roomId, alice, 'hello');
  const rows = await made.fresh.database.query<{ json: string; id: string }>(
    'all_events',
    'SELECT json, event_id AS id FROM event ORDER BY event_nid',
  );
  const rules = rulesOf('12')!;
  const events = rows.map((row) => JSON.parse(row.json));
  const ids = rows.map((row) => row.id);
  expect(made.roomId).toBe(`!${ids[0]!.slice(1)}`);
  events.forEach((pdu, index) => {
    const parsed = parseEvent(pdu, rules);
    expect(parsed.ok && parsed.value.eventId).toBe(ids[index]);
    expect(pdu.depth).toBe(index + 1);
    expect(pdu.prev_events).toEqual(index === 0 ? [] : [ids[index - 1]]);
    expect(pdu.auth_events).not.toContain(ids[0]);
    expect(isSigned(pdu)).toBe(true);
  });
  expect(events.at(-1).auth_events).toEqual([ids[2], ids[1]]);
});

const user = (index: number) => `@u${index}:example.org` as UserId;
const named = (type: string, state_key = '', content: JsonObject = {}) => ({
  initial_state: [{ type, state_key, content }],
});

test.each<[string, NewRoom, number, string]>([
  ['an invite too many', { invite: range(501).map(user) }, 400, 'M_INVALID_PARAM'],
  [
    'a state event too many',
    { initial_state: range(501).map((each) => ({ type: 'x', state_key: `${each}`, content: {} })) },
    400,
    'M_INVALID_PARAM',
  ],
  ['too many bytes', named('x', '', { x: 'x'.repeat(524_288) }), 413, 'M_TOO_LARGE'],
  ['a type too long', named('x'.repeat(256)), 400, 'M_BAD_JSON'],
  ['a state key too long', named('x', 'x'.repeat(256)), 400, 'M_BAD_JSON'],
  ['a state key with U+0000', named('x', '\0'), 400, 'M_INVALID_PARAM'],
  ['a member that is no user', named('m.room.member', 'bogus'), 400, 'M_INVALID_PARAM'],
  ['a child that is no room', named('m.space.child', 'bogus'), 400, 'M_INVALID_PARAM'],
  [
    'an invite to another server by initial state',
    named('m.room.member', '@far:elsewhere.org', { membership: 'invite' }),
    403,
    'M_FORBIDDEN',
  ],
  [
    "another room's alias",
    named('m.room.canonical_alias', '', { alias: '#other:example.org' }),
    400,
    'M_BAD_ALIAS',
  ],
  [
    "another room's alias among the alternatives",
    named('m.room.canonical_alias', '', { alt_aliases: ['#other:example.org'] }),
    400,
    'M_BAD_ALIAS',
  ],
])('a room with %s is not made', async (_what, room, status, errcode) => {
  await using made = await make({ room_alias_name: 'other' });
  await expect(made.rooms.create(alice, room, {})).rejects.toMatchObject({ status, errcode });
});

test('a room may be made with all that is its bound', async () => {
  const initial_state = range(500).map((each) => ({
    type: 'x',
    state_key: `${each}`,
    content: {},
  }));
  await using made = await make({ invite: range(500).map(user), initial_state });
  expect((await made.rooms.open(made.roomId))?.invitedCount).toBe(500);
  expect(await made.state('x', '499')).toEqual({});
});

test.each(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'] as const)(
  'a room of version %s is made, spoken in, read and joined, and its events are real',
  async (room_version) => {
    await using made = await make({ room_version, preset: 'public_chat', name: 'Old' });
    const join = { sender: bob, target: bob, action: 'join' } as const;
    await made.rooms.changeMembership(made.roomId, join, {});
    await using restarted = await openRooms(made.fresh);
    const said = await restarted.say(made.roomId, bob, 'hello');
    await restarted.rooms.send(
      made.roomId,
      { sender: bob, type: 'm.room.redaction', redacts: said, content: {} },
      {},
    );
    const room = (await restarted.rooms.open(made.roomId))!;
    expect((await room.event(said))?.content).toEqual({});
    const rows = await made.fresh.database.query<{ json: string; id: EventId }>(
      'all_events',
      'SELECT json, event_id AS id FROM event ORDER BY event_nid',
    );
    const rules = rulesOf(room_version)!;
    const hashes = new Map<string, string>();
    let before: unknown[] = [];
    for (const { json, id } of rows) {
      const pdu = JSON.parse(json);
      const parsed = parseEvent(pdu, rules);
      expect(parsed.ok && parsed.value.eventId).toBe(id);
      expect(contentHashMatches(pdu)).toBe(true);
      expect(pdu.prev_events).toEqual(before);
      hashes.set(id, referenceHash(pdu, rules));
      const name = (of: string) =>
        Number(room_version) < 3 ? [of, { sha256: hashes.get(of) }] : of;
      const auth = parsed.ok ? parsed.value.authEvents : [];
      expect(pdu.auth_events).toEqual(auth.map(name));
      before = [name(id)];
    }
  },
);

test('a large room is made in pieces, with turns of the event loop in between', async () => {
  const drafts = [
    { sender: alice, type: 'm.room.create', stateKey: '', content: { room_version: '12' } },
    { sender: alice, type: 'm.room.member', stateKey: alice, content: { membership: 'join' } },
    ...range(500).map((each) => ({ sender: alice, type: 'x', stateKey: `${each}`, content: {} })),
  ];
  const identity = { serverName: 'example.org' as ServerName, key: signingKey };
  const building = { ports: { identity }, creationTime: () => 1 } as unknown as Building;
  let [turns, isMade] = [0, false];
  const count = () => {
    turns += 1;
    if (!isMade) setImmediate(count);
  };
  setImmediate(count);
  const made = await makeRoom(building, { rules: rulesOf('12')!, drafts, published: false });
  isMade = true;
  expect(made.events.length).toBe(502);
  expect(turns).toBeGreaterThanOrEqual(9);
});

test('while a large room is made, others are not kept waiting for it', async () => {
  await using made = await make({});
  const order: string[] = [];
  const note = (what: string) => () => void order.push(what);
  await Promise.all([
    made.rooms.create(alice, { invite: range(500).map(user) }, {}).then(note('large')),
    made.say(made.roomId, alice, 'one').then(note('one')),
    made.say(made.roomId, alice, 'two').then(note('two')),
  ]);
  expect(order).toEqual(['one', 'two', 'large']);
});

test('the alias that a room is made with may be told in its initial state', async () => {
  await using made = await make({
    room_alias_name: 'own',
    ...named('m.room.canonical_alias', '', { alt_aliases: ['#own:example.org'] }),
  });
  expect(await made.state('m.room.canonical_alias')).toEqual({ alt_aliases: ['#own:example.org'] });
});

function isSigned(pdu: { signatures: Record<string, Record<string, string>> }) {
  const signature = Buffer.from(pdu.signatures['example.org']!['ed25519:test']!, 'base64');
  const text = Buffer.from(signedTextOfEvent(pdu as never, rulesOf('12')!));
  return verify(null, text, verifyKeyFrom(signingKey.publicKey)!, signature);
}

function range(length: number) {
  return Array.from({ length }, (_, index) => index);
}

async function make(room: NewRoom) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId: RoomId = await under.rooms.create(alice, room, {});
  return {
    ...under,
    fresh,
    roomId,
    state: (type: string, stateKey = '') => under.stateContent(roomId, type, stateKey),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
