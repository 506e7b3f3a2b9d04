import { expect, test } from 'vitest';
import { PASSWORD, startApi } from '../../../test/support/api-server.ts';

const creds = { client_secret: 's', sid: '1' };
const auth = { type: 'm.login.password', password: PASSWORD };
const email = { client_secret: 's', send_attempt: 1, email: 'a@example.org' };
const msisdn = { client_secret: 's', send_attempt: 1, country: 'BR', phone_number: '1' };
const id = { medium: 'email', address: 'a@example.org' };

test('an account has no third-party ids', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect((await api.ask('GET /account/3pid', { token })).body).toEqual({ threepids: [] });
  const unbound = { id_server_unbind_result: 'no-support' };
  for (const what of ['delete', 'unbind'])
    expect((await api.ask(`POST /account/3pid/${what}`, { token, body: id })).body).toEqual(
      unbound,
    );
  const { capabilities } = (await api.ask('GET /capabilities', { token })).body;
  expect(capabilities['m.3pid_changes']).toEqual({ enabled: false });
});

test.each<[string, object, number, string]>([
  ['account/3pid', { three_pid_creds: creds, auth }, 403, 'M_THREEPID_AUTH_FAILED'],
  ['account/3pid/add', { ...creds, auth }, 403, 'M_THREEPID_AUTH_FAILED'],
  [
    'account/3pid/bind',
    { ...creds, id_server: 'x', id_access_token: 'y' },
    400,
    'M_SERVER_NOT_TRUSTED',
  ],
  ...['account/3pid', 'account/password', 'register'].flatMap(
    (at): [string, object, number, string][] => [
      [`${at}/email/requestToken`, email, 400, 'M_THREEPID_MEDIUM_NOT_SUPPORTED'],
      [`${at}/msisdn/requestToken`, msisdn, 400, 'M_THREEPID_MEDIUM_NOT_SUPPORTED'],
    ],
  ),
])('POST /%s says why there is none', async (path, body, status, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`POST /${path}`, { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});
