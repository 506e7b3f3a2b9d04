import { expect, test } from 'vitest';
import {
  type ApiServer,
  PASSWORD,
  type Reply,
  startApi,
} from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';

const login = (more: object = {}) => ({
  body: {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: PASSWORD,
    ...more,
  },
});

const whoami = (api: ApiServer, token: string) => api.ask('GET /account/whoami', { token });

test('a login is by password, or by a token from whoever is logged in', async () => {
  await using api = await startApi();
  const { body } = await api.ask('GET /login');
  expect(body).toEqual({
    flows: [{ type: 'm.login.password' }, { type: 'm.login.token', get_login_token: true }],
  });
});

test('a guest is told so, and may do only what guests may', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.fresh.database.query('guests', 'UPDATE account SET guest = true', []);
  expect((await whoami(api, token)).body).toMatchObject({ is_guest: true });
  const { status, body } = await api.ask('GET /pushers', { token });
  expect([status, body.errcode]).toEqual([403, 'M_GUEST_ACCESS_FORBIDDEN']);
});

test('who logs in by localpart gets a token, which names the user and the device', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { status, body } = await api.ask('POST /login', login({ device_id: 'PHONE' }));
  expect(status).toBe(200);
  expect(body).toMatchObject({ user_id: '@alice:example.org', device_id: 'PHONE' });
  expect((await whoami(api, body.access_token)).body).toEqual({
    user_id: '@alice:example.org',
    device_id: 'PHONE',
    is_guest: false,
  });
});

test.each([
  ['a whole user id', { identifier: { type: 'm.id.user', user: '@alice:example.org' } }],
  ['the old field `user`', { identifier: undefined, user: 'alice' }],
])('%s logs in as well', async (_what, fields) => {
  await using api = await startApi();
  await api.register('alice');
  expect((await api.ask('POST /login', login(fields))).status).toBe(200);
});

test.each<[string, object, number, string]>([
  ['a wrong password', { password: 'wrong' }, 403, 'M_FORBIDDEN'],
  ['an unknown user', { identifier: { type: 'm.id.user', user: 'bob' } }, 403, 'M_FORBIDDEN'],
  [
    'a user of another server',
    { identifier: undefined, user: '@alice:other.org' },
    403,
    'M_FORBIDDEN',
  ],
  ['an unknown login type', { type: 'm.login.magic' }, 400, 'M_UNKNOWN'],
  ['no password', { password: undefined }, 400, 'M_MISSING_PARAM'],
  [
    'a user name that is no string',
    { identifier: { type: 'm.id.user', user: 7 } },
    400,
    'M_BAD_JSON',
  ],
])('%s is refused', async (_what, fields, status, errcode) => {
  await using api = await startApi();
  await api.register('alice');
  const reply = await api.ask('POST /login', login(fields));
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('guesses at one account are limited, whatever addresses they come from', async () => {
  await using api = await startApi({
    rates: { login: { perSecond: 0.001, burst: 2 } },
    behindFront: true,
  });
  await api.register('alice');
  const statuses = [];
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const guess = { ...login({ password: 'wrong' }), headers: { 'x-forwarded-for': address } };
    statuses.push((await api.ask('POST /login', guess)).status);
  }
  expect(statuses).toEqual([403, 403, 429]);
});

test('who has guessed, at a login or in interactive auth, may guess no sooner at the next writer; who was right may', async () => {
  await using fresh = await freshDatabase();
  const options = {
    ...{ fresh, behindFront: true },
    rates: { login: { perSecond: 0.0001, burst: 3 } },
  };
  const ask = (api: ApiServer, from: string, user: string, password: string) =>
    api.ask('POST /login', {
      headers: { 'x-forwarded-for': from },
      ...login({ identifier: { type: 'm.id.user', user }, password }),
    });
  {
    await using api = await startApi(options);
    for (const name of ['alice', 'bob', 'carol']) await api.register(name);
    const token = await api.register('dan');
    for (let n = 0; n < 3; n += 1) {
      expect((await ask(api, `192.0.2.${n}`, 'alice', 'guess')).status).toBe(403);
      expect((await ask(api, '192.0.2.100', 'bob', `guess ${n}`)).status).toBe(403);
      expect((await ask(api, `192.0.2.20${n}`, 'carol', PASSWORD)).status).toBe(200);
      const auth = { type: 'm.login.password', user: 'dan', password: 'guess' };
      const tried = { headers: { 'x-forwarded-for': `192.0.2.5${n}` }, token, body: { auth } };
      expect((await api.ask('DELETE /devices/X', tried)).status).toBe(401);
    }
  }
  await using next = await startApi(options);
  for (const [from, user] of [
    ['192.0.2.7', 'alice'],
    ['192.0.2.8', 'dan'],
    ['192.0.2.100', 'carol'],
  ] as const) {
    const refused = await ask(next, from, user, PASSWORD);
    expect(refused.status).toBe(429);
    expect(refused.body.retry_after_ms).toBeGreaterThan(1_000_000);
  }
  expect((await ask(next, '192.0.2.9', 'carol', PASSWORD)).status).toBe(200);
});

test('who names many tokens that are none has to wait, and nobody who has one', async () => {
  await using api = await startApi({ rates: { read: { perSecond: 0.001, burst: 3 } } });
  const token = await api.register('alice');
  expect((await whoami(api, token)).status).toBe(200);
  const seen = [];
  for (let n = 0; n < 5; n += 1) seen.push((await whoami(api, `bogus-${n}`)).status);
  expect(seen).toEqual([401, 401, 401, 429, 429]);
  expect((await whoami(api, token)).status).toBe(200);
});

test('neither tokens nor passwords stand in the database', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { body } = await api.ask('POST /login', login({ refresh_token: true }));
  const [dump] = await api.fresh.database.query<{ text: string }>(
    'test',
    `SELECT (SELECT string_agg(t::text, ' ') FROM access_token t) ||
       (SELECT string_agg(a::text, ' ') FROM account a) AS text`,
  );
  expect(dump!.text).toContain('@alice:example.org');
  for (const secret of [PASSWORD, body.access_token, body.refresh_token])
    expect(dump!.text).not.toContain(secret);
});

test('a token that was used a moment ago is unknown as soon as its logout is answered', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect((await whoami(api, token)).status).toBe(200);
  expect(await api.ask('POST /logout', { token })).toEqual({ status: 200, body: {} });
  const after = await whoami(api, token);
  expect([after.status, after.body.errcode]).toEqual([401, 'M_UNKNOWN_TOKEN']);
});

test('a logout ends the /sync that its device is waiting in', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const { next_batch } = (await api.ask('GET /sync', { token })).body;
  const waiting = api.ask(`GET /sync?timeout=60000&since=${next_batch}`, { token });
  await api.ask('POST /logout', { token });
  await waiting;
  expect((await whoami(api, token)).status).toBe(401);
});

test('a logout takes the device with all its keys and mail, and leaves the others', async () => {
  await using api = await startApi();
  const phone = await api.register('alice', 'PHONE');
  await api.ask('POST /login', login({ device_id: 'LAPTOP' }));
  const keys = { 'signed_curve25519:A': { key: 'x' } };
  const body = { one_time_keys: keys, fallback_keys: keys };
  await api.ask('POST /keys/upload', { token: phone, body });
  await api.ask('PUT /sendToDevice/m.test/1', {
    token: phone,
    body: { messages: { '@alice:example.org': { PHONE: {}, LAPTOP: {} } } },
  });
  await api.ask('POST /logout', { token: phone });
  const left = await api.fresh.database.query(
    'test',
    `SELECT device_id FROM device UNION ALL SELECT device_id FROM access_token
     UNION ALL SELECT device_id FROM to_device UNION ALL SELECT device_id FROM one_time_key
     UNION ALL SELECT device_id FROM fallback_key`,
  );
  expect(left).toEqual(Array(3).fill({ device_id: 'LAPTOP' }));
});

test('logging out everywhere ends all tokens of the user, and nobody else’s', async () => {
  await using api = await startApi();
  const [phone, bob] = [await api.register('alice'), await api.register('bob')];
  const laptop = (await api.ask('POST /login', login())).body.access_token;
  for (const token of [phone, laptop, bob]) await whoami(api, token);
  await api.ask('POST /logout/all', { token: phone });
  const statuses = [];
  for (const token of [phone, laptop, bob]) statuses.push((await whoami(api, token)).status);
  expect(statuses).toEqual([401, 401, 200]);
});

test('a second login on a device ends the tokens of the first, and keeps the name', async () => {
  await using api = await startApi();
  await api.register('alice');
  const named = login({ device_id: 'PHONE', initial_device_display_name: 'First' });
  const first = (await api.ask('POST /login', named)).body.access_token;
  await whoami(api, first);
  const again = login({ device_id: 'PHONE', initial_device_display_name: 'Second' });
  const second = (await api.ask('POST /login', again)).body.access_token;
  expect((await whoami(api, first)).status).toBe(401);
  const device = await api.ask('GET /devices/PHONE', { token: second });
  expect(device.body.display_name).toBe('First');
});

test('an account has so many devices and no more; on one of them it goes on', async () => {
  await using api = await startApi();
  await api.register('alice', 'PHONE');
  await api.fresh.database.query(
    'many_devices',
    `INSERT INTO device (user_id, device_id, created_ms)
     SELECT '@alice:example.org', 'D' || n, 0 FROM generate_series(1, 999) AS n`,
  );
  const refused = await api.ask('POST /login', login({ device_id: 'NEW' }));
  expect([refused.status, refused.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
  expect((await api.ask('POST /login', login({ device_id: 'D7' }))).status).toBe(200);
});

test('where an account has no password, none is right, the empty one neither', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'PHONE');
  await api.fresh.database.query('no_password', 'UPDATE account SET password_hash = NULL');
  for (const password of ['', PASSWORD]) {
    expect((await api.ask('POST /login', login({ password }))).status).toBe(403);
    const auth = { type: 'm.login.password', user: 'alice', password };
    const reply = await api.ask('DELETE /devices/OTHER', { token, body: { auth } });
    expect(reply.status).toBe(401);
  }
});

test('a device may not be named like a cross-signing key of its user', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const publicKey = Buffer.alloc(32, 9).toString('base64').replaceAll('=', '');
  const keys = { [`ed25519:${publicKey}`]: publicKey };
  const master_key = { user_id: '@alice:example.org', usage: ['master'], keys };
  const uploaded = await api.ask('POST /keys/device_signing/upload', {
    token,
    body: { master_key },
  });
  expect(uploaded.status).toBe(200);
  const reply = await api.ask('POST /login', login({ device_id: publicKey }));
  expect([reply.status, reply.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
});

test('a client that can refresh gets a token that ends, and is logged out softly then', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { body } = await api.ask('POST /login', login({ refresh_token: true }));
  expect(body.expires_in_ms).toBe(300_000);
  expect((await whoami(api, body.access_token)).status).toBe(200);
  api.clock.ms += 300_000;
  const late = await whoami(api, body.access_token);
  expect(late).toMatchObject({
    status: 401,
    body: { errcode: 'M_UNKNOWN_TOKEN', soft_logout: true },
  });
});

test('an old refresh token holds until one of the new tokens is used, and no longer', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { body: first } = await api.ask('POST /login', login({ refresh_token: true }));
  const refresh = (refresh_token: string) => api.ask('POST /refresh', { body: { refresh_token } });

  const lost = await refresh(first.refresh_token);
  const second = await refresh(first.refresh_token);
  expect([lost.status, second.status]).toEqual([200, 200]);
  expect((await whoami(api, lost.body.access_token)).status).toBe(401);

  expect((await whoami(api, second.body.access_token)).status).toBe(200);
  expect((await whoami(api, first.access_token)).status).toBe(401);
  expect((await refresh(first.refresh_token)).body.errcode).toBe('M_UNKNOWN_TOKEN');
  expect((await refresh(second.body.refresh_token)).status).toBe(200);
});

test('a session that was refreshed ends whole with its logout', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { body: first } = await api.ask('POST /login', login({ refresh_token: true }));
  const { refresh_token } = first;
  const { body: second } = await api.ask('POST /refresh', { body: { refresh_token } });
  await api.ask('POST /logout', { token: second.access_token });
  const tries = [refresh_token, second.refresh_token].map((text) =>
    api.ask('POST /refresh', { body: { refresh_token: text } }),
  );
  expect((await Promise.all(tries)).map((reply) => reply.status)).toEqual([401, 401]);
});

test('a login that is repeated over a failover is one login', async () => {
  await using fresh = await freshDatabase();
  const repeated = { ...login(), headers: { 'x-farol-request-id': 'front-a:login-1' } };
  const answers = [];
  for (const writer of ['first', 'second']) {
    await using api = await startApi({ fresh, behindFront: true });
    if (writer === 'first') await api.register('alice', 'PHONE');
    answers.push((await api.ask('POST /login', repeated)).body);
  }
  expect(answers[1]).toEqual(answers[0]);
  const tokens = await fresh.database.query('test', 'SELECT FROM access_token');
  expect(tokens).toHaveLength(2);
});

test('a logout that is repeated over a failover is not told that its token is unknown', async () => {
  await using fresh = await freshDatabase();
  const headers = { 'x-farol-request-id': 'front-a:logout-1' };
  let token = '';
  for (const writer of ['first', 'second']) {
    await using api = await startApi({ fresh, behindFront: true });
    if (writer === 'first') token = await api.register('alice');
    expect(await api.ask('POST /logout', { token, headers })).toEqual({ status: 200, body: {} });
  }
});

test('tokens hold over a failover', async () => {
  await using fresh = await freshDatabase();
  let token = '';
  {
    await using first = await startApi({ fresh });
    token = await first.register('alice');
  }
  await using second = await startApi({ fresh });
  expect((await whoami(second, token)).status).toBe(200);
});

test('a login whose password is changed while it is checked is no login', async () => {
  let onAccount: (() => Promise<unknown>) | undefined;
  await using api = await startApi({
    reads: (database) => ({
      async query(name, sql, values) {
        const rows = await database.query<never>(name, sql, values);
        const change = name === 'account_of' ? onAccount : undefined;
        if (!change) return rows;
        onAccount = undefined;
        await change();
        return rows;
      },
    }),
  });
  const token = await api.register('alice', 'PHONE');
  const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  const body = { new_password: 'another', auth };
  let changed: Reply | undefined;
  onAccount = async () => {
    changed = await api.ask('POST /account/password', { token, body });
  };
  const late = await api.ask('POST /login', login());
  expect(changed?.status).toBe(200);
  expect([late.status, late.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
});

test('a password hash of an earlier release is renewed at the next login', async () => {
  await using api = await startApi();
  await api.register('alice', 'PHONE');
  const hashes = async () =>
    (
      await api.fresh.database.query<{ hash: string }>(
        'h',
        'SELECT password_hash AS hash FROM account',
      )
    )[0]!.hash;
  await api.fresh.database.query('old', 'UPDATE account SET password_hash = $1', [
    'scrypt$4$1$MDEyMzQ1Njc4OWFiY2RlZg$0Pz6RuN9WCY6OfE3FYH5Myx0JqvNjul84VbFyWLBf4g',
  ]);
  expect((await api.ask('POST /login', login())).status).toBe(200);
  const renewed = await hashes();
  expect(renewed).toMatch(/^\$argon2id\$/);
  expect((await api.ask('POST /login', login())).status).toBe(200);
  expect(await hashes()).toBe(renewed);
  const wrong = await api.ask('POST /login', login({ password: 'wrong' }));
  expect(wrong.status).toBe(403);
});

test('a slip behind what another homeserver looked at of a password does not become the password', async () => {
  await using api = await startApi();
  await api.register('alice', 'PHONE');
  await api.fresh.database.query('old', 'UPDATE account SET password_hash = $1', [
    '$2b$04$j0gkMzpIY0WTSprH9PqBreS15Z4jRiWtIvBayhw.zxNEJvdjzCBz.',
  ]);
  const statusWith = async (password: string) =>
    (await api.ask('POST /login', login({ password }))).status;
  expect(await statusWith(`${'x'.repeat(72)}slip`)).toBe(200);
  expect(await statusWith('x'.repeat(100))).toBe(200);
});

test.each([
  ['before', 0],
  ['behind', 1],
])(
  'keys that are uploaded %s the logout of their device are gone with it',
  async (_when, order) => {
    await using api = await startApi();
    const token = await api.register('alice', 'PHONE');
    const body = { one_time_keys: { 'signed_curve25519:A': { key: 'x' } } };
    const requests = [
      () => api.ask('POST /keys/upload', { token, body }),
      () => api.ask('POST /logout', { token }),
    ];
    await Promise.all((order === 0 ? requests : requests.reverse()).map((request) => request()));
    expect(await api.fresh.database.query('test', 'SELECT FROM one_time_key')).toEqual([]);
  },
);
