import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { crossSigningKeys, deviceKey, deviceKeys } from '../../../test/support/cross-signing.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { signJson } from '../../protocol/signatures.ts';
import { deviceListsChangedNear } from '../../storage/shared-rooms.ts';

const ALICE = '@alice:example.org' as UserId;
const BOB = '@bob:example.org' as UserId;
const alicesKeys = crossSigningKeys(ALICE, 10);
const bobsKeys = crossSigningKeys(BOB, 20);
const phone = deviceKeys(ALICE, 'PHONE', deviceKey('PHONE', 1));

const uploadKeys = (api: ApiServer, token: string, body: object) =>
  api.ask('POST /keys/device_signing/upload', { token, body });

const uploadSignature = async (
  api: ApiServer,
  token: string,
  [userId, keyId, object]: [string, string, JsonObject],
) => {
  const body = { [userId]: { [keyId]: object } };
  const reply = await api.ask('POST /keys/signatures/upload', { token, body });
  return reply.body.failures[userId]?.[keyId]?.errcode as string | undefined;
};

const queried = async (api: ApiServer, token: string) => {
  const device_keys = { [ALICE]: [], [BOB]: [] };
  return (await api.ask('POST /keys/query', { token, body: { device_keys } })).body;
};

const bare = ({ signatures: _signatures, ...object }: JsonObject): JsonObject => object;

async function aliceAndBob(api: ApiServer) {
  const tokens = [
    await api.register('alice', 'PHONE'),
    await api.register('bob', 'LAPTOP'),
  ] as const;
  await api.ask('POST /keys/upload', { token: tokens[0], body: { device_keys: phone } });
  await uploadKeys(api, tokens[0], alicesKeys.upload);
  await uploadKeys(api, tokens[1], bobsKeys.upload);
  return tokens;
}

test('keys are found by everybody, the user-signing key by its own user only', async () => {
  await using api = await startApi();
  const [, bob] = await aliceAndBob(api);
  const seen = await queried(api, bob);
  expect(seen.master_keys[ALICE]).toEqual(alicesKeys.upload.master_key);
  expect(seen.self_signing_keys[ALICE]).toEqual(alicesKeys.upload.self_signing_key);
  expect(Object.keys(seen.user_signing_keys)).toEqual([BOB]);
});

test('the first upload is free, and the same again; new keys need the password', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect((await uploadKeys(api, token, alicesKeys.upload)).status).toBe(200);
  expect((await uploadKeys(api, token, alicesKeys.upload)).status).toBe(200);

  const { upload } = crossSigningKeys(ALICE, 30);
  const unproved = await uploadKeys(api, token, upload);
  expect(unproved).toMatchObject({
    status: 401,
    body: { flows: [{ stages: ['m.login.password'] }] },
  });
  const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  expect((await uploadKeys(api, token, { ...upload, auth })).status).toBe(200);
  expect((await queried(api, token)).master_keys[ALICE]).toEqual(upload.master_key);
});

test('a session whose password was typed in a browser replaces the keys once', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await uploadKeys(api, token, alicesKeys.upload);
  const [mine, others] = [crossSigningKeys(ALICE, 30).upload, crossSigningKeys(ALICE, 40).upload];
  const { session } = (await uploadKeys(api, token, {})).body;
  await fetch(`${api.origin}/_matrix/client/v3/auth/m.login.password/fallback/web`, {
    ...{ method: 'POST', body: new URLSearchParams({ session, password: PASSWORD }) },
  });
  const goOn = (keys: object) => uploadKeys(api, token, { ...keys, auth: { session } });
  expect((await goOn(mine)).status).toBe(200);
  expect((await goOn(others)).status).toBe(401);
  expect((await goOn(mine)).status).toBe(200);
  expect((await queried(api, token)).master_keys[ALICE]).toEqual(mine.master_key);
});

test.each<[string, object, string]>([
  [
    'without a master key',
    { self_signing_key: alicesKeys.upload.self_signing_key },
    'M_MISSING_PARAM',
  ],
  [
    'not signed by the master key',
    { ...alicesKeys.upload, self_signing_key: bare(alicesKeys.upload.self_signing_key) },
    'M_INVALID_SIGNATURE',
  ],
  ['of somebody else', bobsKeys.upload, 'M_INVALID_PARAM'],
  [
    'of the wrong usage',
    { master_key: bare(alicesKeys.upload.user_signing_key) },
    'M_INVALID_PARAM',
  ],
])('keys %s are refused', async (_what, body, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await uploadKeys(api, token, body);
  expect([reply.status, reply.body.errcode]).toEqual([400, errcode]);
});

test('a self-signing key vouches for a device, and everybody sees it', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const signed = signJson(bare(phone), ALICE, alicesKeys.selfSigning);
  expect(await uploadSignature(api, alice, [ALICE, 'PHONE', signed])).toBeUndefined();
  const { PHONE } = (await queried(api, bob)).device_keys[ALICE];
  expect(Object.keys(PHONE.signatures[ALICE]).sort()).toEqual(
    ['ed25519:PHONE', alicesKeys.selfSigning.keyId].sort(),
  );
});

test('who vouched for a device has not vouched for the keys that it has later', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const signed = signJson(bare(phone), ALICE, alicesKeys.selfSigning);
  await uploadSignature(api, alice, [ALICE, 'PHONE', signed]);
  const anew = deviceKeys(ALICE, 'PHONE', deviceKey('PHONE', 2));
  const uploaded = await api.ask('POST /keys/upload', {
    token: alice,
    body: { device_keys: anew },
  });
  expect(uploaded.status).toBe(200);
  const { PHONE } = (await queried(api, bob)).device_keys[ALICE];
  expect([PHONE.keys, Object.keys(PHONE.signatures[ALICE])]).toEqual([
    anew.keys,
    ['ed25519:PHONE'],
  ]);
});

test('a device vouches for the master key of its user', async () => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  const signed = signJson(alicesKeys.upload.master_key, ALICE, deviceKey('PHONE', 1));
  const key = alicesKeys.master.publicKey;
  expect(await uploadSignature(api, alice, [ALICE, key, signed])).toBeUndefined();
  const seen = (await queried(api, alice)).master_keys[ALICE];
  expect(Object.keys(seen.signatures[ALICE])).toEqual(['ed25519:PHONE']);
});

test('whom one trusts, one’s own devices are told, and nobody else', async () => {
  await using api = await startApi();
  const [alice, bob] = await aliceAndBob(api);
  const { position } = api.writer.committed;
  expect((await queried(api, bob)).master_keys[ALICE].signatures).toBeUndefined();
  const signed = signJson(alicesKeys.upload.master_key, BOB, bobsKeys.userSigning);
  const key = alicesKeys.master.publicKey;
  expect(await uploadSignature(api, bob, [ALICE, key, signed])).toBeUndefined();

  const signers = async (token: string) =>
    Object.keys((await queried(api, token)).master_keys[ALICE].signatures ?? {});
  expect([await signers(bob), await signers(alice)]).toEqual([[BOB], []]);
  const changedFor = (reader: UserId) =>
    deviceListsChangedNear(api.fresh.database, reader, {
      after: position,
      upTo: api.writer.committed.position,
    });
  expect([await changedFor(BOB), await changedFor(ALICE)]).toEqual([[ALICE], []]);
});

test.each<[string, (keys: typeof bobsKeys) => [string, string, JsonObject], string]>([
  [
    'a wrong signature',
    () => [
      ALICE,
      alicesKeys.master.publicKey,
      {
        ...alicesKeys.upload.master_key,
        signatures: { [BOB]: { [bobsKeys.userSigning.keyId]: 'A'.repeat(86) } },
      },
    ],
    'M_INVALID_SIGNATURE',
  ],
  [
    'a signature by a key that may not vouch for people',
    () => [
      ALICE,
      alicesKeys.master.publicKey,
      signJson(alicesKeys.upload.master_key, BOB, bobsKeys.selfSigning),
    ],
    'M_INVALID_SIGNATURE',
  ],
  [
    'a signature on somebody else’s device',
    () => [ALICE, 'PHONE', signJson(bare(phone), BOB, bobsKeys.userSigning)],
    'M_INVALID_SIGNATURE',
  ],
  [
    'a key that differs from the published one',
    () => [
      ALICE,
      alicesKeys.master.publicKey,
      signJson({ ...alicesKeys.upload.master_key, more: 1 }, BOB, bobsKeys.userSigning),
    ],
    'M_UNKNOWN',
  ],
  [
    'a key that nobody published',
    () => [ALICE, 'TABLET', signJson({ keys: {} }, BOB, bobsKeys.userSigning)],
    'M_NOT_FOUND',
  ],
])('%s is a failure of that key', async (_what, subject, errcode) => {
  await using api = await startApi();
  const [, bob] = await aliceAndBob(api);
  expect(await uploadSignature(api, bob, subject(bobsKeys))).toBe(errcode);
});

test('signatures on a master key go when the key is replaced', async () => {
  await using api = await startApi();
  const [alice] = await aliceAndBob(api);
  const signed = signJson(alicesKeys.upload.master_key, ALICE, deviceKey('PHONE', 1));
  await uploadSignature(api, alice, [ALICE, alicesKeys.master.publicKey, signed]);
  const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  await uploadKeys(api, alice, { ...crossSigningKeys(ALICE, 40).upload, auth });
  expect(await api.fresh.database.query('test', 'SELECT FROM key_signature')).toEqual([]);
});
