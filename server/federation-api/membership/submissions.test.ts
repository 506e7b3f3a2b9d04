import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { refusal, sharedRoomAt, sharedRoomOn } from '../../../test/support/shared-room.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { type RoomVersion, roomVersions, rulesOf } from '../../protocol/room-versions.ts';
import { keyIdsOf, signEvent } from '../../protocol/signatures.ts';
import { signingKeyFromSeed } from '../../protocol/signing-keys.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const sharedRoom = (options: JsonObject = {}) =>
  sharedRoomAt(authority, { isTheirsIn: false, ...options });
type Shared = Awaited<ReturnType<typeof sharedRoom>>;
type Pdus = Record<'state' | 'auth_chain', JsonObject[]>;

test.each(roomVersions())(
  'who signs what they were given is in the room, and told its state (version %s)',
  async (version) => {
    const shared = await sharedRoom({ room_version: version });
    const join = await signed(shared, 'join', version);
    const told = await submit(shared, 'join', join);
    expect(await shared.membership()).toBe('join');
    expect(told).toMatchObject({
      origin: shared.here.name,
      members_omitted: false,
      event: join.pdu,
    });
    expect(told.servers_in_room).toEqual([shared.here.name]);
    const { state, auth_chain } = told as unknown as Pdus;
    const members = state.filter(({ type }) => type === 'm.room.member');
    expect(members.map(({ state_key }) => state_key)).toEqual([`@alice:${shared.here.name}`]);
    const rules = rulesOf(version)!;
    const chain = new Set(auth_chain.map((pdu) => eventIdOf(pdu, rules)));
    const rested = [...state, ...auth_chain, join.pdu].flatMap(
      (pdu) => pdu.auth_events as (string | [string])[],
    );
    expect(
      rested.filter((each) => !chain.has((Array.isArray(each) ? each[0] : each) as EventId)),
    ).toEqual([]);
    expect(auth_chain.map(({ type }) => type)).toContain('m.room.create');
  },
);

test('a join that comes again is answered as it was, and is one', async () => {
  const shared = await sharedRoom();
  const join = await signed(shared, 'join');
  const told = await submit(shared, 'join', join);
  const count = await shared.count();
  expect(await submit(shared, 'join', join)).toEqual(told);
  expect(await shared.count()).toBe(count);
});

test('who can do without the members is told of those by whom the room is named, and of its servers', async () => {
  const shared = await sharedRoom();
  await shared.here.register('carol');
  const told = await submit(shared, 'join', await signed(shared, 'join'), '?omit_members=true');
  expect(told).toMatchObject({ members_omitted: true, servers_in_room: [shared.here.name] });
  const membersIn = (answer: JsonObject) =>
    (answer as unknown as Pdus).state.filter(({ type }) => type === 'm.room.member').length;
  expect(membersIn(told)).toBe(1);
  const named = await sharedRoomOn(shared.here, shared.there, shared.token, {
    isTheirsIn: false,
    name: 'Named',
  });
  const short = await submit(named, 'join', await signed(named, 'join'), '?omit_members=true');
  expect(membersIn(short)).toBe(0);
  expect((short as unknown as Pdus).state.map(({ type }) => type)).toContain('m.room.name');
});

test.each<[string, (pdu: JsonObject, shared: Shared) => JsonObject]>([
  ['of another membership', (pdu) => ({ ...pdu, content: { membership: 'leave' } })],
  ['of another type', (pdu) => ({ ...pdu, type: 'm.room.name' })],
  ['about somebody else', (pdu, { here }) => ({ ...pdu, state_key: `@alice:${here.name}` })],
  [
    'by a user of another server',
    (pdu) => ({ ...pdu, sender: '@eve:other.org', state_key: '@eve:other.org' }),
  ],
  ['of another room', (pdu) => ({ ...pdu, room_id: `!${'x'.repeat(43)}` })],
  ['without a depth', ({ depth: _, ...pdu }) => pdu],
])('an event %s is no join, and nothing of it is kept', async (_what, change) => {
  const shared = await sharedRoom();
  const join = await signed(shared, 'join', '12', (pdu) => change(pdu, shared));
  const count = await shared.count();
  expect(await refusal(submit(shared, 'join', join))).toEqual([400, 'M_INVALID_PARAM']);
  expect([await shared.count(), await shared.membership()]).toEqual([count, undefined]);
});

test('an event with another id than it is said to have, or that nobody signed, is refused', async () => {
  const shared = await sharedRoom();
  const join = await signed(shared, 'join');
  const stranger = signingKeyFromSeed(shared.there.key.keyId, Buffer.alloc(32, 99));
  const { hashes: _h, signatures: _s, ...bare } = join.pdu as Record<string, never>;
  const rules = rulesOf('12')!;
  const count = await shared.count();
  for (const wrong of [
    { ...join, eventId: '$other' as EventId },
    { ...join, pdu: signEvent(bare, rules, shared.there.name, stranger) },
  ])
    expect(await refusal(submit(shared, 'join', wrong))).toEqual([400, 'M_INVALID_PARAM']);
  expect([await shared.count(), await shared.membership()]).toEqual([count, undefined]);
});

test('who was banned meanwhile does not come in, and nothing of it is kept', async () => {
  const shared = await sharedRoom();
  const join = await signed(shared, 'join');
  const user_id = shared.theirs.target;
  const path = `POST /rooms/${encodeURIComponent(shared.roomId)}/ban`;
  await shared.here.ask(path, { token: shared.token, body: { user_id } });
  const count = await shared.count();
  expect(await refusal(submit(shared, 'join', join))).toEqual([403, 'M_FORBIDDEN']);
  expect([await shared.count(), await shared.membership()]).toEqual([count, 'ban']);
});

test('who was given a join before the room was blocked does not come in', async () => {
  const shared = await sharedRoom();
  const join = await signed(shared, 'join');
  await shared.rooms.block(shared.roomId, `@alice:${shared.here.name}` as never, {});
  const count = await shared.count();
  expect(await refusal(submit(shared, 'join', join))).toEqual([403, 'M_FORBIDDEN']);
  expect([await shared.count(), await shared.membership()]).toEqual([count, undefined]);
});

test('who comes in by membership of another room is signed for, as long as they are in that', async () => {
  const shared = await sharedRoom();
  const club = await sharedRoomOn(shared.here, shared.there, shared.token);
  const allow = [{ type: 'm.room_membership', room_id: club.roomId }];
  await shared.set('m.room.join_rules', { join_rule: 'restricted', allow });
  const join = await signed(shared, 'join');
  await shared.rooms.changeMembership(club.roomId, { ...shared.theirs, action: 'leave' }, {});
  expect(await refusal(submit(shared, 'join', join))).toEqual([403, 'M_FORBIDDEN']);
  await shared.rooms.changeMembership(club.roomId, { ...shared.theirs, action: 'join' }, {});
  const { event } = await submit(shared, 'join', join);
  expect(keyIdsOf(event as JsonObject, shared.here.name)).toEqual([shared.here.key.keyId]);
  expect(keyIdsOf(event as JsonObject, shared.there.name)).toEqual([shared.there.key.keyId]);
  expect(await shared.membership()).toBe('join');
});

test('who leaves is out of the room', async () => {
  const shared = await sharedRoom();
  await submit(shared, 'join', await signed(shared, 'join'));
  expect(await submit(shared, 'leave', await signed(shared, 'leave'))).toEqual({});
  expect(await shared.membership()).toBe('leave');
});

test('who knocks is told which room it is, by events as they were signed', async () => {
  const shared = await sharedRoom({ name: 'Castle' });
  await shared.set('m.room.join_rules', { join_rule: 'knock' });
  const told = await submit(shared, 'knock', await signed(shared, 'knock'));
  const state = told.knock_room_state as JsonObject[];
  expect(state.map(({ type }) => type).sort()).toEqual([
    'm.room.create',
    'm.room.join_rules',
    'm.room.name',
  ]);
  for (const pdu of state) expect(keyIdsOf(pdu, shared.here.name)).toHaveLength(1);
  expect(await shared.membership()).toBe('knock');
});

interface Signed {
  readonly eventId: EventId;
  readonly pdu: JsonObject;
}

/** What our server gives, as theirs signs it. */
async function signed(
  { ask, roomId, theirs, there }: Shared,
  passage: string,
  version: RoomVersion = '12',
  change = (pdu: JsonObject) => pdu,
): Promise<Signed> {
  const rules = rulesOf(version)!;
  const path = `/make_${passage}/${encodeURIComponent(roomId)}/${theirs.target}?ver=${version}`;
  const { event } = await ask(path);
  const given = rules.eventIdForm === 'given' ? { event_id: `$x:${there.name}` } : {};
  const pdu = signEvent(
    change({ ...(event as JsonObject), ...given }),
    rules,
    there.name,
    there.key,
  );
  return { eventId: eventIdOf(pdu, rules), pdu };
}

const submit = (
  { there, here, roomId }: Shared,
  passage: string,
  { eventId, pdu }: Signed,
  query = '',
) =>
  there.features.federationClient.ask(here.name, {
    method: 'PUT',
    path: `/_matrix/federation/v${passage === 'knock' ? 1 : 2}/send_${passage}/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}${query}`,
    content: pdu,
  }) as Promise<JsonObject>;
