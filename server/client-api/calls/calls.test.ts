import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';

const TRANSPORTS = 'GET /_matrix/client/unstable/org.matrix.msc4143/rtc/transports';

test('credentials for TURN are proved by the secret that its server knows', async () => {
  const uris = ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org:443'];
  await using api = await startApi({ turn: { uris, secret: 'shared', lifeSeconds: 600 } });
  const { body } = await api.ask('GET /voip/turnServer', { token: await api.register('alice') });
  const username = `${api.clock.ms / 1_000 + 600}:@alice:example.org`;
  const password = createHmac('sha1', 'shared').update(username).digest('base64');
  expect(body).toEqual({ username, password, uris, ttl: 600 });
});

test('where there is none, nothing is told of TURN', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect(await api.ask('GET /voip/turnServer', { token })).toEqual({ status: 200, body: {} });
});

test('services for calls are told as they are configured, and looked for by a flag', async () => {
  const url = 'https://calls.example.org/livekit/jwt';
  const publicUrl = 'https://chat.example.org';
  await using api = await startApi({ livekitServiceUrls: [url], publicUrl });
  const token = await api.register('alice');
  const transports = [{ type: 'livekit', livekit_service_url: url }];
  expect((await api.ask(TRANSPORTS, { token })).body).toEqual({ rtc_transports: transports });
  const wellKnown = await api.ask('GET /.well-known/matrix/client');
  expect(wellKnown.body['org.matrix.msc4143.rtc_foci']).toEqual(transports);
  const { body } = await api.ask('GET /_matrix/client/versions');
  expect(body.unstable_features['org.matrix.msc4143']).toBe(true);
});

test('where none is configured there is none', async () => {
  await using api = await startApi();
  const { status, body } = await api.ask(TRANSPORTS, { token: await api.register('alice') });
  expect([status, body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  const versions = await api.ask('GET /_matrix/client/versions');
  expect(versions.body.unstable_features).not.toHaveProperty('org.matrix.msc4143');
});
