import { beforeAll, expect, test, vi } from 'vitest';
import { PASSWORD } from '../../../test/support/api-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import {
  crossSigningKey,
  crossSigningKeys,
  deviceKey,
  deviceKeys,
} from '../../../test/support/cross-signing.ts';
import { aliceAndBob, type Person } from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { signJson } from '../../protocol/signatures.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('keys of who is at another server are asked for there, once until they change', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const cross = crossSigningKeys(bob.userId, 10);
  await bob.post('/keys/device_signing/upload', cross.upload as never);
  const keys = await uploaded(bob, 1);
  // Behind it: no server is told of changes of somebody who is in no room with it.
  await meet(alice, bob);
  const queries = queriesOf(alice);
  const first = await queried(alice, [bob.userId]);
  expect(first.failures).toEqual({});
  expect(first.device_keys).toEqual({
    [bob.userId]: { [keys.device_id as string]: { ...keys, unsigned: {} } },
  });
  expect(first.master_keys).toEqual({ [bob.userId]: cross.upload.master_key });
  expect(first.self_signing_keys).toEqual({ [bob.userId]: cross.upload.self_signing_key });
  expect(first.user_signing_keys).toEqual({});
  // Bob's server tells of his devices once he has joined: it may come behind the first answer, which then is not kept.
  const costs = async () => {
    const before = queries().length;
    expect(await queried(alice, [bob.userId])).toEqual(first);
    return queries().length - before;
  };
  await expect.poll(costs).toBe(0);

  const { next_batch: from } = await synced(alice);
  const changed = await uploaded(bob, 2);
  await expect
    .poll(async () => (await synced(alice, from)).device_lists?.changed)
    .toEqual([bob.userId]);
  // That may have been word of the joining, still.
  await expect
    .poll(async () => (await queried(alice, [bob.userId])).device_keys[bob.userId])
    .toMatchObject({ [changed.device_id as string]: changed });
  const { next_batch: to } = await synced(alice, from);
  const path = `GET /keys/changes?from=${from}&to=${to}`;
  const { body } = await alice.server.ask(path, { token: alice.token });
  expect(body).toEqual({ changed: [bob.userId], left: [] });
});

test('whoever shares no room is asked for each time, since nobody tells of changes', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  await uploaded(bob, 1);
  const before = await queried(alice, [bob.userId]);
  const changed = await uploaded(bob, 2);
  const { device_keys } = await queried(alice, [bob.userId]);
  expect(device_keys).not.toEqual(before.device_keys);
  expect(device_keys[bob.userId]).toMatchObject({ [changed.device_id as string]: changed });
});

test('who left and came back is asked for anew, since nobody told of changes meanwhile', async () => {
  const [alice, bob, roomId] = await together();
  await uploaded(bob, 1);
  await queried(alice, [bob.userId]);
  await bob.post(`/rooms/${encodeURIComponent(roomId)}/leave`);
  const isThere = async () =>
    (await alice.server.features.rooms.open(roomId))?.membershipOf(bob.userId as never);
  await expect.poll(isThere).toBe('leave');
  const changed = await uploaded(bob, 2);
  await bob.join(roomId, alice.server);
  const { device_keys } = await queried(alice, [bob.userId]);
  expect(device_keys[bob.userId]).toMatchObject({ [changed.device_id as string]: changed });
});

test('keys for one message are claimed at the other server, each once', async () => {
  const [alice, bob] = await together();
  const { device_id } = await uploaded(bob, 1);
  const key = (n: number) => ({ key: `key ${n}` });
  const one_time_keys = { 'signed_curve25519:A': key(1), 'signed_curve25519:B': key(2) };
  await bob.post('/keys/upload', { one_time_keys });
  const claim = async () => {
    const wished = { [bob.userId]: { [device_id as string]: 'signed_curve25519' } };
    return (await alice.post('/keys/claim', { one_time_keys: wished })).body as never as Answer;
  };
  const answers = [await claim(), await claim(), await claim()];
  const given = answers.map(({ one_time_keys: keys }) => keys[bob.userId]?.[device_id as string]);
  expect(
    given
      .slice(0, 2)
      .map((each) => Object.keys(each!)[0])
      .sort(),
  ).toEqual(Object.keys(one_time_keys));
  expect(given[2]).toBeUndefined();
  expect(answers.map(({ failures }) => failures)).toEqual([{}, {}, {}]);
});

test('a server that is not there is named, does not keep what others answer, and is not asked again at once', async () => {
  const [alice, bob] = await together();
  const keys = await uploaded(bob, 1);
  const asked = vi.spyOn(alice.server.features.federationClient, 'ask');
  const nobody = '@nobody:localhost:1';
  for (let n = 0; n < 2; n += 1) {
    const answer = await queried(alice, [nobody, bob.userId]);
    expect(Object.keys(answer.failures)).toEqual(['localhost:1']);
    expect(Object.keys(answer.device_keys)).toEqual([bob.userId]);
    expect(answer.device_keys[bob.userId]).toMatchObject({ [keys.device_id as string]: keys });
  }
  const claimed = await alice.post('/keys/claim', {
    one_time_keys: { [nobody]: { X: 'signed_curve25519' } },
  });
  expect(claimed).toMatchObject({ status: 200, body: { failures: { 'localhost:1': {} } } });
  expect(asked.mock.calls.filter(([server]) => server === 'localhost:1')).toHaveLength(1);
});

test('who has verified somebody of another server signs their master key, and alone sees that', async () => {
  const [alice, bob] = await together();
  const [own, theirs] = [crossSigningKeys(alice.userId, 10), crossSigningKeys(bob.userId, 20)];
  await alice.post('/keys/device_signing/upload', own.upload as never);
  await bob.post('/keys/device_signing/upload', theirs.upload as never);
  const { master_key } = theirs.upload;
  const { publicKey } = theirs.master;
  const sign = async (object: JsonObject) =>
    (await alice.post('/keys/signatures/upload', { [bob.userId]: { [publicKey]: object } })).body;
  await queried(alice, [bob.userId]);
  const signed = signJson(master_key, alice.userId, own.userSigning);
  expect(await sign(signed)).toEqual({ failures: {} });
  const seen = async (person: Person) => (await queried(person, [bob.userId])).master_keys;
  expect(await seen(alice)).toEqual({ [bob.userId]: signed });
  expect(await seen(bob)).toEqual({ [bob.userId]: master_key });

  const byAnother = signJson(master_key, alice.userId, own.selfSigning);
  expect(await sign(byAnother)).toMatchObject({
    failures: { [bob.userId]: { [publicKey]: { errcode: 'M_INVALID_SIGNATURE' } } },
  });
  // Of a key that is replaced the signature goes.
  const next = crossSigningKeys(bob.userId, 30);
  await replaceKeys(bob, next.upload as never);
  await expect.poll(() => seen(alice)).toEqual({ [bob.userId]: next.upload.master_key });
  expect(await sign(signed)).toMatchObject({
    failures: { [bob.userId]: { [publicKey]: { errcode: 'M_NOT_FOUND' } } },
  });
});

test('a signature on a key of a server that is away is to be tried again', async () => {
  const [alice] = await aliceAndBob(authority);
  const own = crossSigningKeys(alice.userId, 10);
  await alice.post('/keys/device_signing/upload', own.upload as never);
  const nobody = '@nobody:localhost:1';
  const key = crossSigningKey(nobody, 'master', own.master);
  const signed = signJson(key, alice.userId, own.userSigning);
  const asked = { [nobody]: { [own.master.publicKey]: signed } };
  expect((await alice.post('/keys/signatures/upload', asked)).body).toMatchObject({
    failures: { [nobody]: { [own.master.publicKey]: { errcode: 'M_UNKNOWN' } } },
  });
});

type Named = Record<string, Record<string, JsonObject>>;

interface Answer {
  readonly device_keys: Named;
  readonly one_time_keys: Named;
  readonly master_keys: JsonObject;
  readonly self_signing_keys: JsonObject;
  readonly user_signing_keys: JsonObject;
  readonly failures: JsonObject;
}

/** In a room of Alice's. */
async function together(): Promise<[Person, Person, RoomId]> {
  const [alice, bob] = await aliceAndBob(authority);
  return [alice, bob, await meet(alice, bob)];
}

/** What was asked of other servers so far. */
function queriesOf({ server }: Person) {
  const asked = vi.spyOn(server.features.federationClient, 'ask');
  return () => asked.mock.calls.filter(([, { path }]) => path.endsWith('/keys/query'));
}

async function meet(alice: Person, bob: Person): Promise<RoomId> {
  const roomId = await alice.createRoom();
  const { status } = await bob.join(roomId, alice.server);
  expect(status).toBe(200);
  return roomId;
}

async function queried({ post }: Person, userIds: readonly string[]): Promise<Answer> {
  const device_keys = Object.fromEntries(userIds.map((userId) => [userId, []]));
  return (await post('/keys/query', { device_keys })).body as never;
}

/** The device's keys as it has uploaded them. */
async function uploaded(
  { server, token, userId, post }: Person,
  number: number,
): Promise<JsonObject> {
  const { device_id } = (await server.ask('GET /account/whoami', { token })).body;
  const keys = deviceKeys(userId, device_id, deviceKey(device_id, number));
  expect((await post('/keys/upload', { device_keys: keys })).status).toBe(200);
  return keys;
}

/** Who replaces them proves who they are. */
async function replaceKeys({ post, userId }: Person, keys: JsonObject): Promise<void> {
  const path = '/keys/device_signing/upload';
  const { session } = (await post(path, keys)).body;
  const identifier = { type: 'm.id.user', user: userId };
  const auth = { type: 'm.login.password', identifier, password: PASSWORD, session: session! };
  expect((await post(path, { ...keys, auth })).status).toBe(200);
}

async function synced({ server, token }: Person, since?: string) {
  const path = `GET /sync?timeout=0${since ? `&since=${since}` : ''}`;
  return (await server.ask(path, { token })).body;
}
