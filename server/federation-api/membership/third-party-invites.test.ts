import { beforeAll, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import {
  type IdentityServer,
  startIdentity,
  vouchedBy,
} from '../../../test/support/identity-server.ts';
import { aliceAndBob, type Person } from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { signingKeyFromSeed } from '../../protocol/signatures.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('who proves at another server that the address is theirs is invited by the server of who asked them in', async () => {
  const house = await invitedByAddress();
  const { alice, bob, roomId, signed } = house;
  expect((await join(house, undefined)).status).toBe(403);
  expect((await join(house, signed())).body).toEqual({ room_id: roomId });
  expect(await membershipOf(alice, roomId, bob.userId)).toBe('join');
  expect((await join(house, signed())).status).toBe(200);
});

test('an identity server tells that the address is somebody’s, and they are shown the invite', async () => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  const told = await bind(bob, [{ roomId, sender: alice.userId, signed: signed() }]);
  expect(told).toEqual({ status: 200, body: {} });
  expect(Object.keys((await bob.rooms()).invite)).toEqual([roomId]);
  expect(await bind(bob, [{ roomId, sender: alice.userId, signed: signed() }])).toEqual(told);
  expect((await bob.join(roomId, alice.server)).status).toBe(200);
});

test('of several invites those that hold are shown, whatever is wrong with the others', async () => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  const told = await bind(bob, [
    { roomId: '!nowhere:localhost:1' as RoomId, sender: '@x:localhost:1', signed: signed() },
    { roomId, sender: alice.userId, signed: signed() },
  ]);
  expect(told).toMatchObject({ status: 502, body: { errcode: 'M_UNKNOWN' } });
  expect(Object.keys((await bob.rooms()).invite)).toEqual([roomId]);
});

test('where somebody of the server is in the room, the server of who asked makes the invite all the same', async () => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  const token = await bob.server.register('bea');
  await alice.post(`/rooms/${encodeURIComponent(roomId)}/invite`, {
    user_id: `@bea:${bob.server.name}`,
  });
  const path = `/join/${encodeURIComponent(roomId)}?via=${alice.server.name}`;
  expect((await bob.server.ask(`POST ${path}`, { token, body: {} })).status).toBe(200);
  expect((await bind(bob, [{ roomId, sender: alice.userId, signed: signed() }])).status).toBe(200);
  await expect.poll(() => membershipOf(alice, roomId, bob.userId)).toBe('invite');
});

test.each<[string, (house: House) => { roomId?: string; sender?: string; signed?: JsonObject }]>([
  ['of another token', ({ signed }) => ({ signed: signed({ token: 'other' }) })],
  [
    'signed by another key',
    ({ signed }) => ({ signed: signed({}, signingKeyFromSeed('ed25519:0', Buffer.alloc(32, 8))) }),
  ],
  ['that names nobody who asked', ({ alice }) => ({ sender: `@eve:${alice.server.name}` })],
  ['into another room', ({ alice }) => ({ roomId: `!nowhere:${alice.server.name}` })],
])('a claim %s invites nobody', async (_what, claim) => {
  const house = await invitedByAddress();
  const { alice, bob, roomId, signed } = house;
  const all = { roomId, sender: alice.userId, signed: signed(), ...claim(house) };
  const { status } = await bind(bob, [all]);
  expect(status).toBe(403);
  expect((await bob.rooms()).invite).toEqual({});
});

test('an identity server tells of users of this server alone, and of twenty invites at most', async () => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  const one = { roomId, sender: alice.userId, signed: signed() };
  expect((await bind({ ...bob, userId: '@nobody:example.org' }, [one])).status).toBe(400);
  expect(
    (
      await bind(
        bob,
        Array.from({ length: 21 }, () => one),
      )
    ).status,
  ).toBe(400);
  expect((await bob.rooms()).invite).toEqual({});
});

test('who tells of invites learns nothing of who has an account and who is in a room', async () => {
  const { alice, bob, identity } = await invitedByAddress();
  const nobody = { ...bob, userId: `@nobody:${bob.server.name}` };
  const ofBob = await bob.createRoom({ preset: 'private_chat' });
  const claims = ({ userId }: { userId: string }) => {
    const made = vouchedBy(identity, { mxid: userId, token: 'made up' });
    return [
      [],
      [{ roomId: ofBob, sender: bob.userId, signed: made }],
      [{ roomId: ofBob, sender: alice.userId, signed: made }],
      [{ roomId: '!nowhere:localhost:1', sender: '@x:localhost:1', signed: made }],
    ];
  };
  const toldOf = async (who: typeof nobody) => {
    const told = [];
    for (const claim of claims(who)) told.push(await bind(who, claim));
    return told;
  };
  const told = await toldOf(bob);
  expect(told.map(({ status }) => status)).toEqual([200, 403, 403, 502]);
  expect(await toldOf(nobody)).toEqual(told);
});

test('whoever tells of many invites keeps nobody from joining by theirs', async () => {
  const house = await invitedByAddress();
  const { alice, bob, signed } = house;
  const ask = bob.server.features.federationClient.ask.bind(bob.server.features.federationClient);
  const hanging: string[] = [];
  vi.spyOn(bob.server.features.federationClient, 'ask').mockImplementation((server, request) => {
    if (!server.startsWith('tarpit')) return ask(server, request);
    hanging.push(server);
    return new Promise(() => {});
  });
  const claims = Array.from({ length: 32 }, (_, n) => ({
    ...{ roomId: alice.userId.replace('@', '!'), signed: signed() },
    sender: `@x:tarpit${n % 8}.example.org`,
  }));
  for (const part of [claims.slice(0, 16), claims.slice(16)]) bind(bob, part).catch(() => {});
  await expect.poll(() => hanging).toHaveLength(32);
  expect((await join(house, signed())).status).toBe(200);
});

test.each<[string, (partial: Partial) => Partial, number]>([
  ['of another room than the path says', (p) => ({ ...p, room_id: '!other:example.org' }), 400],
  ['of a user of another server', (p) => ({ ...p, state_key: '@bob:example.org' }), 403],
  ['in the name of somebody of another server', (p) => ({ ...p, sender: '@eve:example.org' }), 400],
  ['that is no invite', (p) => ({ ...p, content: { ...p.content, membership: 'join' } }), 400],
  ['of another type', (p) => ({ ...p, type: 'm.room.name' }), 400],
])('a partial event %s is refused', async (_what, change, status) => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  const partial = change({
    ...{ type: 'm.room.member', room_id: roomId, sender: alice.userId, state_key: bob.userId },
    content: { membership: 'invite', third_party_invite: { display_name: '', signed: signed() } },
  });
  const asking = bob.server.features.federationClient.ask(alice.server.name, {
    method: 'PUT',
    path: `/_matrix/federation/v1/exchange_third_party_invite/${encodeURIComponent(roomId)}`,
    content: partial,
  });
  await expect(asking).rejects.toMatchObject({ status });
  expect(await membershipOf(alice, roomId, bob.userId)).toBeUndefined();
});

test('a server that the room keeps out is not exchanged with', async () => {
  const { alice, bob, roomId, signed } = await invitedByAddress();
  await alice.put(`/rooms/${encodeURIComponent(roomId)}/state/m.room.server_acl/`, {
    allow: ['elsewhere.example.org'],
  });
  const told = await bind(bob, [{ roomId, sender: alice.userId, signed: signed() }]);
  expect(told.status).toBe(403);
  expect((await bob.rooms()).invite).toEqual({});
});

type Partial = JsonObject & { readonly content: JsonObject };

interface House {
  readonly alice: Person;
  readonly bob: Person;
  readonly roomId: RoomId;
  readonly identity: IdentityServer;
  signed(instead?: { token?: string }, key?: Parameters<typeof vouchedBy>[2]): JsonObject;
}

/** Alice has asked an address into her room, of whom her identity server knows nobody yet. */
async function invitedByAddress(): Promise<House> {
  const [alice, bob] = await aliceAndBob(authority);
  const identity = await startIdentity(authority);
  const roomId = await alice.createRoom({ preset: 'private_chat' });
  const { status } = await alice.post(`/rooms/${encodeURIComponent(roomId)}/invite`, {
    ...{ id_server: identity.name, id_access_token: 'idtoken' },
    ...{ medium: 'email', address: 'bob@example.org' },
  });
  expect(status).toBe(200);
  return {
    ...{ alice, bob, roomId, identity },
    signed: (instead = {}, key) => vouchedBy(identity, { mxid: bob.userId, ...instead }, key),
  };
}

function join({ alice, bob, roomId }: House, signed: JsonObject | undefined) {
  const body = signed ? { third_party_signed: { ...signed, sender: alice.userId } } : {};
  return bob.post(`/join/${encodeURIComponent(roomId)}?via=${alice.server.name}`, body);
}

function bind(
  { server, userId: mxid }: Pick<Person, 'server' | 'userId'>,
  invites: readonly { roomId: string; sender: string; signed: JsonObject }[],
) {
  const about = { medium: 'email', address: 'bob@example.org', mxid };
  return server.ask('PUT /_matrix/federation/v1/3pid/onbind', {
    body: {
      ...about,
      invites: invites.map(({ roomId, sender, signed }) => ({
        ...{ ...about, room_id: roomId, sender, signed },
      })),
    },
  });
}

async function membershipOf({ server, token }: Person, roomId: RoomId, userId: string) {
  const path = `/rooms/${encodeURIComponent(roomId)}/state/m.room.member/${userId}`;
  const { body } = await server.ask(`GET ${path}`, { token });
  return body.membership as string | undefined;
}
