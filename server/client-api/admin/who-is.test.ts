import { expect, test } from 'vitest';
import { type Reply, startApi } from '../../../test/support/api-server.ts';

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('people see where their own devices were used last', async () => {
  await using api = await startApi({ behindFront: true });
  const token = await api.register('alice', 'PHONE');
  const headers = { 'x-forwarded-for': '192.0.2.7', 'user-agent': 'Teapot/1' };
  await api.ask('GET /account/whoami', { token, headers });
  await api.features.lastSeen.write();
  const { body } = await api.ask('GET /admin/whois/@alice:example.org', { token });
  const seen = { ip: '192.0.2.7', last_seen: api.clock.ms, user_agent: 'Teapot/1' };
  expect(body).toEqual({
    user_id: '@alice:example.org',
    devices: { PHONE: { sessions: [{ connections: [seen] }] } },
  });
});

test('others’ are seen by administrators only, who are told where there is no such account', async () => {
  await using api = await startApi();
  const [alice, bob] = [
    await api.register('alice', undefined, { admin: true }),
    await api.register('bob', 'LAPTOP'),
  ];
  const whois = (token: string, userId: string) => api.ask(`GET /admin/whois/${userId}`, { token });
  for (const userId of ['@alice:example.org', '@nobody:example.org'])
    expect(errorOf(await whois(bob, userId))).toEqual([403, 'M_FORBIDDEN']);
  const { body } = await whois(alice, '@bob:example.org');
  expect(body.devices).toEqual({ LAPTOP: { sessions: [{ connections: [] }] } });
  expect(errorOf(await whois(alice, '@nobody:example.org'))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await whois(bob, '@alice:example.org'))).toEqual([403, 'M_FORBIDDEN']);
});
