import { beforeAll, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import {
  type FederatingServer,
  federating,
  startFederating,
} from '../../../test/support/federating.ts';
import { aSecret } from '../../../test/support/house.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { bodiesOf, type Person, personAt } from '../../../test/support/two-servers.ts';
import { parseServerKeys } from '../../protocol/server-keys.ts';

const KEY = '/_farol/admin/v1/signing_key';
const MINUTE_MS = 60_000;

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const published = async (server: FederatingServer) =>
  (await server.ask('GET /_matrix/key/v2/server')).body;

const admin = (server: FederatingServer) => server.register('root', 'DESK', { admin: true });

const changed = async (server: FederatingServer, token: string) => {
  const { key_id } = (await server.ask(`GET ${KEY}`, { token })).body;
  return server.ask(`POST ${KEY}`, { token, body: { instead_of: key_id } });
};

const sees = (person: Person, roomId: never, body: string) =>
  vi.waitFor(async () => {
    const { timeline } = (await person.joined(roomId))!;
    expect(bodiesOf(timeline.events)).toContain(body);
  });

test('an administrator changes the signing key: the new one is published with the one of before, and each order changes it once', async () => {
  const server = await startFederating(authority, { sealedBy: aSecret });
  const token = await admin(server);
  const before = await published(server);
  const [keyId] = Object.keys(before.verify_keys);
  const answer = await changed(server, token);
  expect(answer.status).toBe(200);
  expect(answer.body.key_id).not.toBe(keyId);
  const after = await published(server);
  const expired_ts = server.clock.ms + MINUTE_MS;
  const old_verify_keys = { [keyId!]: { ...before.verify_keys[keyId!], expired_ts } };
  expect(after).toMatchObject({
    ...{ old_verify_keys },
    verify_keys: { [answer.body.key_id]: { key: answer.body.key } },
  });
  expect(parseServerKeys(after, server.name)).toBeTypeOf('object');
  const again = await server.ask(`POST ${KEY}`, { token, body: { instead_of: keyId } });
  expect(again).toEqual({ status: 200, body: { ...answer.body, old_verify_keys } });
  const orders = (await server.ask('GET /_farol/admin/v1/audit', { token })).body.orders;
  expect(orders).toMatchObject([
    { by: `@root:${server.name}`, action: 'adminChangeSigningKey', target: keyId },
  ]);
});

test('nobody else changes it, nor anybody who names another key', async () => {
  const server = await startFederating(authority, { sealedBy: aSecret });
  const token = await admin(server);
  const before = await published(server);
  const body = { instead_of: Object.keys(before.verify_keys)[0] };
  const other = await server.register('alice');
  for (const ask of [{ body }, { body, token: other }])
    expect((await server.ask(`POST ${KEY}`, ask)).status).toBeGreaterThan(400);
  for (const [instead_of, errcode] of [
    ['ed25519:never', 'M_INVALID_PARAM'],
    ['rsa:1', 'M_BAD_JSON'],
    ['', 'M_BAD_JSON'],
  ])
    expect(await server.ask(`POST ${KEY}`, { token, body: { instead_of } })).toMatchObject({
      ...{ status: 400, body: { errcode } },
    });
  expect((await published(server)).verify_keys).toEqual(before.verify_keys);
  expect((await server.ask('GET /_farol/admin/v1/audit', { token })).body.orders).toEqual([]);
});

test('other servers hear what is said after a change, and who joins later verifies what was signed before it, also by a notary', async () => {
  const here = await startFederating(authority, { sealedBy: aSecret });
  const alice = await personAt(here, 'alice');
  const bob = await personAt(await startFederating(authority), 'bob');
  const roomId = (await alice.createRoom()) as never;
  await bob.join(roomId, here);
  expect((await changed(here, await admin(here))).status).toBe(200);
  // Nobody is asked for keys twice in a minute.
  for (const server of [here, bob.server]) server.clock.ms += MINUTE_MS + 1;
  await alice.say(roomId, 'signed anew');
  await sees(bob, roomId, 'signed anew');
  await bob.say(roomId, 'heard');
  await sees(alice, roomId, 'heard');
  const carol = await personAt(await startFederating(authority), 'carol');
  expect((await carol.join(roomId, here)).status).toBe(200);
  expect(
    Object.keys((await carol.get(`/rooms/${encodeURIComponent(roomId)}/joined_members`)).joined!),
  ).toContain(alice.userId);
  // Who knows nothing of it but what the other says of its keys.
  await here.reachable(false);
  const dave = await personAt(await startFederating(authority), 'dave');
  expect((await dave.join(roomId, bob.server)).status).toBe(200);
  expect(
    Object.keys((await dave.get(`/rooms/${encodeURIComponent(roomId)}/joined_members`)).joined!),
  ).toContain(alice.userId);
});

test('the next writer signs with the new key, and publishes the one of before', async () => {
  await using fresh = await freshDatabase();
  const first = await federating(authority, { fresh, sealedBy: aSecret });
  await changed(first, await admin(first));
  const { verify_keys, old_verify_keys } = await published(first);
  await first[Symbol.asyncDispose]();
  await using next = await federating(authority, { fresh, as: first, sealedBy: aSecret });
  expect(await published(next)).toMatchObject({ verify_keys, old_verify_keys });
});
