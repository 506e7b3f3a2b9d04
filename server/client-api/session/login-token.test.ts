import { expect, test } from 'vitest';
import {
  type ApiServer,
  PASSWORD,
  type Reply,
  startApi,
} from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';

const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };

const generate = async (api: ApiServer, token: string): Promise<string> => {
  const reply = await api.ask('POST /_matrix/client/v1/login/get_token', { token, body: { auth } });
  expect(reply.body).toEqual({ login_token: expect.any(String), expires_in_ms: 120_000 });
  return reply.body.login_token;
};

const login = (api: ApiServer, token: unknown, headers: Record<string, string> = {}) =>
  api.ask('POST /login', { headers, body: { type: 'm.login.token', token, device_id: 'NEW' } });

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('whoever is logged in lets one further device in', async () => {
  await using api = await startApi();
  const token = await generate(api, await api.register('alice', 'PHONE'));
  const { body } = await login(api, token);
  expect(body).toMatchObject({ user_id: '@alice:example.org', device_id: 'NEW' });
  const whoami = await api.ask('GET /account/whoami', { token: body.access_token });
  expect(whoami.body.device_id).toBe('NEW');
  expect(errorOf(await login(api, token))).toEqual([403, 'M_FORBIDDEN']);
});

test('the password is asked for each time', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await generate(api, token);
  const { status, body } = await api.ask('POST /_matrix/client/v1/login/get_token', { token });
  expect([status, body.flows]).toEqual([401, [{ stages: ['m.login.password'] }]]);
});

test('a token holds for two minutes, at the next writer too, and is not kept for longer', async () => {
  await using fresh = await freshDatabase();
  let phone: string;
  let tokens: string[];
  {
    await using api = await startApi({ fresh });
    phone = await api.register('alice', 'PHONE');
    tokens = [await generate(api, phone), await generate(api, phone)];
  }
  await using next = await startApi({ fresh });
  next.clock.ms += 119_999;
  expect((await login(next, tokens[0])).status).toBe(200);
  next.clock.ms += 1;
  expect(errorOf(await login(next, tokens[1]))).toEqual([403, 'M_FORBIDDEN']);
  await generate(next, phone);
  const kept = await fresh.database.query('kept', 'SELECT 1 FROM login_token');
  expect(kept).toHaveLength(1);
});

test('whoever did not hear of their login is answered as the first time', async () => {
  await using api = await startApi({ behindFront: true });
  const token = await generate(api, await api.register('alice'));
  const headers = { 'x-farol-request-id': 'the-same-request' };
  const first = await login(api, token, headers);
  expect(first.status).toBe(200);
  expect(await login(api, token, headers)).toEqual(first);
});

test.each([
  ['one that nobody gave out', 'farol_login_x', 403, 'M_FORBIDDEN'],
  ['none', undefined, 400, 'M_MISSING_PARAM'],
  ['a number', 7, 400, 'M_BAD_JSON'],
])('%s lets nobody in', async (_what, token, status, errcode) => {
  await using api = await startApi();
  expect(errorOf(await login(api, token))).toEqual([status, errcode]);
});

test('one of an account that was closed lets nobody in', async () => {
  await using api = await startApi();
  const phone = await api.register('alice');
  const token = await generate(api, phone);
  await api.ask('POST /account/deactivate', { token: phone, body: { auth } });
  expect(errorOf(await login(api, token))).toEqual([403, 'M_FORBIDDEN']);
});
