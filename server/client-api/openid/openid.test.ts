import { expect, test } from 'vitest';
import {
  type ApiServer,
  PASSWORD,
  type Reply,
  startApi,
} from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';

const ALICE = '@alice:example.org';

const request = (api: ApiServer, token: string, userId = ALICE) =>
  api.ask(`POST /user/${userId}/openid/request_token`, { token, body: {} });

const exchange = (api: ApiServer, token: string) =>
  api.ask(`GET /_matrix/federation/v1/openid/userinfo?access_token=${token}`);

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('another service learns by a token who somebody is, and can do nothing else with it', async () => {
  await using api = await startApi();
  const { body } = await request(api, await api.register('alice'));
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    matrix_server_name: 'example.org',
    expires_in: 3_600,
  });
  expect((await exchange(api, body.access_token)).body).toEqual({ sub: ALICE });
  const used = await api.ask('GET /account/whoami', { token: body.access_token });
  expect(errorOf(used)).toEqual([401, 'M_UNKNOWN_TOKEN']);
});

test('it holds for an hour, at the next writer too', async () => {
  await using fresh = await freshDatabase();
  let openId: string;
  {
    await using api = await startApi({ fresh });
    openId = (await request(api, await api.register('alice'))).body.access_token;
  }
  await using next = await startApi({ fresh });
  next.clock.ms += 3_599_999;
  expect((await exchange(next, openId)).status).toBe(200);
  next.clock.ms += 1;
  expect(errorOf(await exchange(next, openId))).toEqual([401, 'M_UNKNOWN_TOKEN']);
});

test('nobody gets one for another, or makes one', async () => {
  await using api = await startApi();
  const alice = await api.register('alice');
  expect(errorOf(await request(api, alice, '@bob:example.org'))).toEqual([403, 'M_FORBIDDEN']);
  const { body } = await request(api, alice);
  const [, mac] = body.access_token.split('.');
  const forged = Buffer.from(JSON.stringify({ userId: '@bob:example.org', untilMs: 9e15 }));
  for (const token of ['x', alice, `${forged.toString('base64url')}.${mac}`, '.'])
    expect(errorOf(await exchange(api, token))).toEqual([401, 'M_UNKNOWN_TOKEN']);
});

test('that of an account that was closed holds no longer', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const { body } = await request(api, token);
  const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  await api.ask('POST /account/deactivate', { token, body: { auth } });
  expect(errorOf(await exchange(api, body.access_token))).toEqual([401, 'M_UNKNOWN_TOKEN']);
});
