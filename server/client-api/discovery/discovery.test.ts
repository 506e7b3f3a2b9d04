import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';

test('the versions named are those that are served, for anybody to see', async () => {
  await using api = await startApi();
  const reply = await api.ask('GET /_matrix/client/versions');
  const unstable_features = Object.fromEntries(
    [
      'org.matrix.msc3266',
      'org.matrix.msc3440.stable',
      'org.matrix.msc3715.stable',
      'org.matrix.msc3814',
      'org.matrix.msc3856.stable',
      'org.matrix.msc3912',
      'org.matrix.msc3981',
      'org.matrix.msc4140',
      'org.matrix.msc4140.stable',
      'uk.half-shot.msc2666.query_mutual_rooms',
      'uk.tcpip.msc4133.stable',
      'uk.timedout.msc4323.stable',
      'org.matrix.msc3916.stable',
      'fi.mau.msc2246.stable',
      'fi.mau.msc2659.stable',
    ].map((name) => [name, true]),
  );
  expect(reply).toEqual({
    status: 200,
    body: {
      versions: [
        ...['v1.1', 'v1.2', 'v1.3', 'v1.4', 'v1.5', 'v1.6', 'v1.7', 'v1.8'],
        ...['v1.9', 'v1.10', 'v1.11', 'v1.12', 'v1.13', 'v1.14', 'v1.15', 'v1.16'],
        ...['v1.17', 'v1.18', 'v1.19'],
      ],
      unstable_features,
    },
  });
});

test('the public URL is told where there is one', async () => {
  await using api = await startApi({ publicUrl: 'https://chat.example.org' });
  expect((await api.ask('GET /.well-known/matrix/client')).body).toEqual({
    'm.homeserver': { base_url: 'https://chat.example.org' },
  });
  await using silent = await startApi();
  expect((await silent.ask('GET /.well-known/matrix/client')).status).toBe(404);
});

test('people are told whom they may ask, where the operator has said so', async () => {
  const page = 'https://example.org/help';
  const contacts = [{ role: 'm.role.admin', matrixId: '@ops:example.org', email: undefined }];
  await using api = await startApi({ support: { page, contacts } });
  expect((await api.ask('GET /.well-known/matrix/support')).body).toEqual({
    support_page: page,
    contacts: [{ role: 'm.role.admin', matrix_id: '@ops:example.org' }],
  });
  await using silent = await startApi();
  expect((await silent.ask('GET /.well-known/matrix/support')).status).toBe(404);
});

test('the key of the policy server is told where there is one', async () => {
  const policyServerKey = '6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s';
  await using api = await startApi({ policyServerKey });
  expect((await api.ask('GET /.well-known/matrix/policy_server')).body).toEqual({
    public_keys: { ed25519: policyServerKey },
  });
  await using silent = await startApi();
  expect((await silent.ask('GET /.well-known/matrix/policy_server')).status).toBe(404);
});

test('a client that looks for OAuth is told that there is none', async () => {
  await using api = await startApi();
  const { status, body } = await api.ask('GET /_matrix/client/v1/auth_metadata');
  expect([status, body.errcode]).toEqual([404, 'M_UNRECOGNIZED']);
});

test('a client is told which room versions it can make', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const { capabilities } = (await api.ask('GET /capabilities', { token })).body;
  const available = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [index + 1, 'stable']),
  );
  expect(capabilities['m.room_versions']).toEqual({ default: '12', available });
});

test('what is answered is kept by nobody in between, but for where the server is', async () => {
  await using api = await startApi({ publicUrl: 'https://matrix.example.org' });
  const at = ['/_matrix/client/versions', '/_matrix/client/v3/sync', '/.well-known/matrix/client'];
  const kept = at.map(async (path) =>
    (await fetch(api.origin + path)).headers.get('cache-control'),
  );
  expect(await Promise.all(kept)).toEqual(['no-store', 'no-store', null]);
});
