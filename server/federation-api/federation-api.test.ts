import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { deviceKey, deviceKeys } from '../../test/support/cross-signing.ts';
import { type FederatingServer, startFederating } from '../../test/support/federating.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { parseServerKeys } from '../protocol/server-keys.ts';
import { keyIdsOf } from '../protocol/signatures.ts';
import { signingKeyFromSeed } from '../protocol/signing-keys.ts';
import { type SignedRequest, xMatrixHeader } from '../protocol/x-matrix.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const start = (options = {}) => startFederating(authority, options);

/** As one of them asks the other over TLS. */
const ask = (from: FederatingServer, to: FederatingServer, path: string, content?: JsonValue) =>
  from.features.federationClient.ask(to.name, {
    ...{ method: content === undefined ? 'GET' : 'POST', path: `/_matrix/federation/v1${path}` },
    ...(content !== undefined && { content }),
  }) as Promise<JsonObject>;

const refusal = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof MatrixError) return [error.status, error.errcode];
  return (error as Error | undefined)?.message;
};

test('a server learns who somebody is, by its signature over the request', async () => {
  const [here, there] = [await start(), await start()];
  const token = await here.register('alice');
  const alice = `@alice:${here.name}`;
  await here.ask(`PUT /profile/${alice}/displayname`, { token, body: { displayname: 'Alice' } });
  expect(await ask(there, here, `/query/profile?user_id=${alice}`)).toEqual({
    displayname: 'Alice',
  });
  const field = (name: string) => ask(there, here, `/query/profile?user_id=${alice}&field=${name}`);
  expect(await field('displayname')).toEqual({ displayname: 'Alice' });
  expect(await field('avatar_url')).toEqual({});
  expect(await refusal(ask(there, here, `/query/profile?user_id=@bob:${here.name}`))).toEqual([
    ...[404, 'M_NOT_FOUND'],
  ]);
  expect(await refusal(ask(there, here, `/query/profile?user_id=@bob:${there.name}`))).toEqual([
    ...[400, 'M_INVALID_PARAM'],
  ]);
});

test('a server learns where an alias leads, and which rooms are published', async () => {
  const [here, there] = [await start(), await start()];
  const token = await here.register('alice');
  const body = { preset: 'public_chat', room_alias_name: 'pub', visibility: 'public', name: 'Pub' };
  const { room_id } = (await here.ask('POST /createRoom', { token, body })).body;
  const alias = encodeURIComponent(`#pub:${here.name}`);
  expect(await ask(there, here, `/query/directory?room_alias=${alias}`)).toEqual({
    ...{ room_id, servers: [here.name] },
  });
  expect(await refusal(ask(there, here, `/query/directory?room_alias=%23no:${here.name}`))).toEqual(
    [404, 'M_NOT_FOUND'],
  );
  const listed = { chunk: [expect.objectContaining({ room_id, name: 'Pub' })] };
  expect(await ask(there, here, '/publicRooms?limit=5')).toMatchObject(listed);
  const find = (term: string) =>
    ask(there, here, '/publicRooms', { limit: 5, filter: { generic_search_term: term } });
  expect(await find('pub')).toMatchObject(listed);
  expect(await find('church')).toMatchObject({ chunk: [] });
});

test('a server reads the keys of devices, and what is nobody else’s business stays here', async () => {
  const [here, there] = [await start(), await start()];
  const token = await here.register('alice', 'PHONE');
  const alice = `@alice:${here.name}`;
  const keys = deviceKeys(alice, 'PHONE', deviceKey('PHONE', 7));
  const oneTime = { 'signed_curve25519:AAAA': { key: 'x', signatures: {} } };
  await here.ask('POST /keys/upload', {
    ...{ token, body: { device_keys: keys, one_time_keys: oneTime } },
  });
  await here.ask('PUT /devices/PHONE', { token, body: { display_name: 'Phone' } });
  const list = await ask(there, here, `/user/devices/${alice}`);
  expect(list).toEqual({
    ...{ user_id: alice, stream_id: expect.any(Number) },
    devices: [
      {
        ...{ device_id: 'PHONE', device_display_name: 'Phone' },
        keys: { ...keys, unsigned: { device_display_name: 'Phone' } },
      },
    ],
  });
  const queried = await ask(there, here, '/user/keys/query', { device_keys: { [alice]: [] } });
  expect(Object.keys(queried).sort()).toEqual(['device_keys', 'master_keys', 'self_signing_keys']);
  expect(queried.device_keys).toMatchObject({ [alice]: { PHONE: keys } });
  const wish = { one_time_keys: { [alice]: { PHONE: 'signed_curve25519' } } };
  expect(await ask(there, here, '/user/keys/claim', wish)).toEqual({
    one_time_keys: { [alice]: { PHONE: oneTime } },
  });
  expect(await ask(there, here, '/user/keys/claim', wish)).toEqual({ one_time_keys: {} });
  expect(await refusal(ask(there, here, `/user/devices/@nobody:${here.name}`))).toEqual([
    ...[404, 'M_NOT_FOUND'],
  ]);
});

test.each<[string, (request: SignedRequest) => SignedRequest]>([
  ['another method', (request) => ({ ...request, method: 'PUT' })],
  ['another path', (request) => ({ ...request, uri: `${request.uri}&x=1` })],
  ['another body', (request) => ({ ...request, content: {} })],
  ['another destination', (request) => ({ ...request, destination: 'other.org' as never })],
  ['another origin', (request) => ({ ...request, origin: 'other.org' as never })],
])('a signature over %s is none', async (_what, other) => {
  const [here, there] = [await start(), await start()];
  const uri = `/_matrix/federation/v1/query/profile?user_id=@alice:${here.name}`;
  const request = { method: 'GET', uri, origin: there.name, destination: here.name };
  const good = xMatrixHeader(request, there.key);
  await here.register('alice');
  const asked = (authorization: string) => here.ask(`GET ${uri}`, { headers: { authorization } });
  expect((await asked(good)).status).toBe(200);
  const sig = /sig="[^"]*"/.exec(xMatrixHeader(other(request), there.key))![0];
  const { status, body } = await asked(good.replace(/sig="[^"]*"/, sig));
  expect([status, body.errcode]).toEqual([401, 'M_UNAUTHORIZED']);
});

test('a request that is meant for another server, or of a key that nobody published, is refused', async () => {
  const [here, there] = [await start(), await start()];
  const uri = `/_matrix/federation/v1/query/profile?user_id=@alice:${here.name}`;
  const request = { method: 'GET', uri, origin: there.name, destination: here.name };
  const stranger = signingKeyFromSeed(there.key.keyId, Buffer.alloc(32, 99));
  const unknown = signingKeyFromSeed('ed25519:never', Buffer.alloc(32, 99));
  const headers = [
    xMatrixHeader(request, stranger),
    xMatrixHeader(request, unknown),
    xMatrixHeader({ ...request, destination: 'other.org' as never }, there.key),
    xMatrixHeader({ ...request, origin: 'localhost:1' as never }, there.key),
    'X-Matrix origin=x',
    'Bearer x',
  ];
  for (const authorization of headers) {
    const { status, body } = await here.ask(`GET ${uri}`, { headers: { authorization } });
    expect([authorization, status, body.errcode]).toEqual([authorization, 401, 'M_UNAUTHORIZED']);
  }
});

test('servers that the operator denies, or does not name where some are named, are not dealt with', async () => {
  const there = await start();
  const denying = await start({ federation: { deny: [there.name] } });
  const choosy = await start({ federation: { allow: ['other.org'] } });
  for (const here of [denying, choosy]) {
    expect(await refusal(ask(there, here, '/publicRooms'))).toEqual([403, 'M_FORBIDDEN']);
    expect(await refusal(ask(here, there, '/publicRooms'))).toContain('the operator lets in');
  }
});

test.each([
  ['v2/send_join', 262_144],
  ['v2/send_leave', 262_144],
  ['v1/send_knock', 262_144],
  ['v1/invite', 524_288],
  ['v2/invite', 524_288],
])('who sends an event to %s sends no more than %i bytes', async (path, bytesMax) => {
  const [here, there] = [await start(), await start()];
  const put = (bytes: number) => {
    const content = { x: 'x'.repeat(bytes - 8) };
    const asked = {
      method: 'PUT' as const,
      path: `/_matrix/federation/${path}/!r:x.org/$e`,
      content,
    };
    return refusal(there.features.federationClient.ask(here.name, asked));
  };
  expect(await put(bytesMax + 1)).toEqual([413, 'M_TOO_LARGE']);
  expect(await put(bytesMax)).not.toEqual([413, 'M_TOO_LARGE']);
});

test('the servers of one host have a budget together, and none is spent for others', async () => {
  const rates = { read: { perSecond: 0.001, burst: 2 } };
  const [here, there, nextDoor] = [await start({ rates }), await start(), await start()];
  const elsewhere = await start({ host: '127.0.0.1' });
  const asked = (from: FederatingServer) => refusal(ask(from, here, '/publicRooms'));
  expect([await asked(there), await asked(nextDoor)]).toEqual([undefined, undefined]);
  expect(await asked(there)).toEqual([429, 'M_LIMIT_EXCEEDED']);
  expect(await asked(nextDoor)).toEqual([429, 'M_LIMIT_EXCEEDED']);
  expect(await asked(elsewhere)).toBeUndefined();
});

test('an address whose proofs fail has to wait before it makes us ask once more', async () => {
  const rates = { read: { perSecond: 0.001, burst: 2 } };
  const here = await start({ rates });
  const header = (port: number) => `X-Matrix origin="localhost:${port}",key="ed25519:a",sig="x"`;
  const statuses: number[] = [];
  for (const port of [1, 2, 3])
    statuses.push(
      (
        await here.ask('GET /_matrix/federation/v1/publicRooms', {
          headers: { authorization: header(port) },
        })
      ).status,
    );
  expect(statuses).toEqual([401, 401, 429]);
});

test('our keys are published signed, and others’ are vouched for', async () => {
  const [here, there] = [await start(), await start()];
  const own = (await here.ask('GET /_matrix/key/v2/server')).body as JsonObject;
  const parsed = parseServerKeys(own, here.name);
  expect(parsed).toMatchObject({ validUntilTs: here.clock.ms + 24 * 3_600_000 });
  const { body } = await here.ask(`GET /_matrix/key/v2/query/${there.name}`);
  const [vouched] = body.server_keys as JsonObject[];
  expect(keyIdsOf(vouched!, there.name)).toEqual([there.key.keyId]);
  expect(keyIdsOf(vouched!, here.name)).toEqual([here.key.keyId]);
  expect(typeof parseServerKeys(vouched!, there.name)).toBe('object');
  const bulk = await here.ask('POST /_matrix/key/v2/query', {
    body: { server_keys: { [there.name]: {}, [here.name]: {}, 'localhost:1': {} } },
  });
  const names = (bulk.body.server_keys as JsonObject[]).map((each) => each.server_name);
  expect(names.sort()).toEqual([here.name, there.name].sort());
});

test('the version is told to everybody, and delegation to where clients reach us', async () => {
  const here = await start({ publicUrl: 'https://matrix.example.org' });
  expect((await here.ask('GET /_matrix/federation/v1/version')).body).toEqual({
    server: { name: 'Farol', version: expect.any(String) },
  });
  expect((await here.ask('GET /.well-known/matrix/server')).body).toEqual({
    'm.server': 'matrix.example.org:443',
  });
});
