import { beforeAll, expect, test } from 'vitest';
import type { Reply } from '../../../test/support/api-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import {
  IDENTITY_KEY as KEY,
  startIdentity,
  vouchedBy,
} from '../../../test/support/identity-server.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { signingKeyFromSeed } from '../../protocol/signatures.ts';

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('whoever is known to have the address is invited, and the address itself is told to nobody', async () => {
  const house = await openHouse();
  house.identity.bound = `@bob:${house.api.name}`;
  expect((await house.invite('Bob@Example.org')).body).toEqual({});
  const { rooms } = (await house.api.ask('GET /sync', { token: house.bob })).body;
  expect(Object.keys(rooms.invite)).toEqual([house.roomId]);
  expect(JSON.stringify(house.identity.asked)).not.toMatch(/bob@example/i);
  expect(house.identity.asked.map(({ path }) => path)).toEqual(['/hash_details', '/lookup']);
});

test('where nobody is known the identity server keeps the invite, and the room says by whose word it is claimed', async () => {
  const house = await openHouse();
  expect((await house.invite('bob@example.org')).status).toBe(200);
  expect(await house.pending()).toEqual({
    ...{
      display_name: 'b...@e...',
      public_key: KEY.publicKey,
      key_validity_url: house.identity.validityUrl,
    },
    public_keys: [{ public_key: KEY.publicKey, key_validity_url: house.identity.validityUrl }],
  });
  const stored = house.identity.asked.at(-1)!;
  expect(stored.body).toMatchObject({
    ...{ room_id: house.roomId, sender: `@alice:${house.api.name}`, room_name: 'Cats' },
    ...{ medium: 'email', address: 'bob@example.org' },
  });
  expect(stored.token).toBe('Bearer idtoken');
});

test('who proves that the address is theirs comes in, in the name of whoever asked them', async () => {
  const house = await openHouse();
  await house.invite('bob@example.org');
  expect(errorOf(await house.join(undefined))).toEqual([403, 'M_FORBIDDEN']);
  expect((await house.join(house.signed())).body).toEqual({ room_id: house.roomId });
  const at = `GET /rooms/${house.roomId}/state/m.room.member/@bob:${house.api.name}`;
  expect((await house.api.ask(at, { token: house.alice })).body.membership).toBe('join');
  expect((await house.join(house.signed())).status).toBe(200);
});

test.each<[string, (house: Awaited<ReturnType<typeof openHouse>>) => JsonObject]>([
  ['for somebody else', ({ signed, api }) => signed({ mxid: `@carol:${api.name}` })],
  ['of another token', ({ signed }) => signed({ token: 'other' })],
  ['of another sender', ({ signed, api }) => ({ ...signed(), sender: `@bob:${api.name}` })],
  [
    'that is signed by another key',
    ({ signed }) => signed({}, signingKeyFromSeed('ed25519:0', Buffer.alloc(32, 8))),
  ],
  [
    'by a key that no longer holds',
    ({ signed, identity }) => {
      identity.isValid = false;
      return signed();
    },
  ],
])('a claim %s lets nobody in', async (_what, claim) => {
  const house = await openHouse();
  await house.invite('bob@example.org');
  expect(errorOf(await house.join(claim(house)))).toEqual([403, 'M_FORBIDDEN']);
  expect((await house.join({ token: 1 })).status).toBe(400);
});

test('an identity server that refuses, says nonsense, or lies in a private network is told of, and nothing is sent', async () => {
  const house = await openHouse();
  house.identity.refuses = { errcode: 'M_TERMS_NOT_SIGNED', error: 'Read them' };
  expect(errorOf(await house.invite('bob@example.org'))).toEqual([403, 'M_TERMS_NOT_SIGNED']);
  // It speaks of its own token; a client that took that for ours would sign out.
  house.identity.refuses = { errcode: 'M_UNKNOWN_TOKEN', error: 'Who are you?' };
  expect(errorOf(await house.invite('bob@example.org'))).toEqual([403, 'M_UNKNOWN']);
  house.identity.refuses = undefined;
  house.identity.says = '[';
  expect(errorOf(await house.invite('bob@example.org'))).toEqual([400, 'M_UNKNOWN']);
  house.identity.says = '"'.padEnd(70_000, 'x');
  expect(errorOf(await house.invite('bob@example.org'))).toEqual([400, 'M_UNKNOWN']);
  house.identity.says = undefined;
  const guarded = await openHouse({ allowNetworks: [] });
  expect(errorOf(await guarded.invite('bob@example.org'))).toEqual([400, 'M_UNKNOWN']);
  expect(guarded.identity.asked).toEqual([]);
  expect(await house.pending()).toBeUndefined();
});

test('who is not in the room, or may not invite there, asks nobody in', async () => {
  const house = await openHouse();
  const refused = async () =>
    expect(errorOf(await house.invite('x@example.org', house.bob))).toEqual([403, 'M_FORBIDDEN']);
  await refused();
  const { api, alice, bob, roomId } = house;
  const asked = { token: alice, body: { user_id: `@bob:${api.name}` } };
  await api.ask(`POST /rooms/${roomId}/invite`, asked);
  await api.ask(`POST /rooms/${roomId}/join`, { token: bob });
  const at = `/rooms/${roomId}/state/m.room.power_levels`;
  const levels = (await api.ask(`GET ${at}`, { token: alice })).body;
  const body = { ...levels, invite: 50 };
  expect((await api.ask(`PUT ${at}`, { token: alice, body })).status).toBe(200);
  await refused();
  expect(house.identity.asked).toEqual([]);
});

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

async function openHouse(federation: { allowNetworks?: string[] } = {}) {
  const api = await startFederating(authority, { federation });
  const identity = await startIdentity(authority);
  const [alice, bob] = [await api.register('alice'), await api.register('bob')];
  const body = { name: 'Cats', preset: 'private_chat' };
  const roomId = (await api.ask('POST /createRoom', { token: alice, body })).body.room_id as string;
  const sender = `@alice:${api.name}`;
  return {
    ...{ api, identity, alice, bob, roomId },
    invite: (address: string, token = alice) =>
      api.ask(`POST /rooms/${roomId}/invite`, {
        ...{ token },
        body: { id_server: identity.name, id_access_token: 'idtoken', medium: 'email', address },
      }),
    async pending() {
      const at = `GET /rooms/${roomId}/state/m.room.third_party_invite/the-token`;
      const { status, body } = await api.ask(at, { token: alice });
      return status === 200 ? body : undefined;
    },
    signed: (instead: { mxid?: string; token?: string } = {}, key = KEY): JsonObject => {
      const said = { mxid: `@bob:${api.name}`, ...instead };
      return { ...vouchedBy(identity, said, key), sender };
    },
    join: (third_party_signed: unknown) =>
      api.ask(`POST /rooms/${roomId}/join`, { token: bob, body: { third_party_signed } }),
  };
}
