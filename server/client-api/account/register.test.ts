import { expect, test } from 'vitest';
import { PASSWORD, type Reply, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { JsonObject } from '../../protocol/json.ts';

const alice = { username: 'alice', password: PASSWORD };
const dummy = { type: 'm.login.dummy' };

test('a registration without authentication is told the flows and a session', async () => {
  await using api = await startApi();
  const { status, body } = await api.ask('POST /register', { body: alice });
  expect(status).toBe(401);
  expect(body).toEqual({
    flows: [{ stages: ['m.login.dummy'] }],
    params: {},
    session: expect.any(String),
    completed: [],
  });
});

test('with that session and the dummy stage the account is made and logged in', async () => {
  await using api = await startApi();
  const { session } = (await api.ask('POST /register', { body: alice })).body;
  const { status, body } = await api.ask('POST /register', {
    body: { ...alice, device_id: 'PHONE', auth: { ...dummy, session } },
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({ user_id: '@alice:example.org', device_id: 'PHONE' });
  const { access_token: token } = body;
  expect((await api.ask('GET /account/whoami', { token })).status).toBe(200);
});

test('whoever did not hear that they are registered is told so by the same session', async () => {
  await using api = await startApi();
  const { session } = (await api.ask('POST /register', { body: alice })).body;
  const body = { ...alice, auth: { ...dummy, session } };
  const first = await api.ask('POST /register', { body });
  expect(first.status).toBe(200);
  expect(await api.ask('POST /register', { body })).toEqual(first);
  const another = await api.ask('POST /register', { body: { ...body, password: 'another' } });
  expect(another.body.errcode).toBe('M_USER_IN_USE');
});

test('who has read a session where it was shown is not told what it was used for, now or by the next writer', async () => {
  await using fresh = await freshDatabase();
  const headers = (id: string) => ({ 'x-farol-request-id': `front-a:session-${id}` });
  let session = '';
  let made: Reply | undefined;
  const right = () => ({ ...alice, auth: { ...dummy, session } });
  const readers = [
    {},
    { username: 'alice' },
    { password: PASSWORD },
    { ...alice, password: 'guessed' },
    { ...alice, device_id: 'MINE' },
  ];
  for (const writer of ['first', 'second']) {
    await using api = await startApi({ fresh, behindFront: true });
    const ask = (id: string, body: object) =>
      api.ask('POST /register', { headers: headers(`${writer}-${id}`), body });
    session ||= (await ask('begin', {})).body.session;
    made ??= await ask('make', right());
    expect(made.status).toBe(200);
    for (const [n, body] of readers.entries()) {
      const told = await ask(`read-${n}`, { ...body, auth: { ...dummy, session } });
      expect(JSON.stringify(told.body)).not.toContain(made.body.access_token);
      const isNamed = 'username' in body;
      expect(told.body.errcode).toBe(isNamed ? 'M_USER_IN_USE' : 'M_FORBIDDEN');
      if (!isNamed) expect(told.body).toMatchObject({ completed: [], session: expect.any(String) });
    }
    expect(await ask('again', right())).toEqual(made);
  }
});

test('a guest, who proves nothing, spends no session', async () => {
  await using api = await startApi({ guests: true });
  const { session } = (await api.ask('POST /register', { body: {} })).body;
  const guest = await api.ask('POST /register?kind=guest', { body: { auth: { session } } });
  expect(guest.status).toBe(200);
  const body = { ...alice, auth: { ...dummy, session } };
  expect((await api.ask('POST /register', { body })).body.user_id).toBe('@alice:example.org');
});

test('a session that made an account with a name by chance makes no second one', async () => {
  await using api = await startApi();
  const { session } = (await api.ask('POST /register', { body: {} })).body;
  const body = { password: PASSWORD, auth: { ...dummy, session } };
  const answers = [];
  for (let n = 0; n < 3; n += 1) answers.push((await api.ask('POST /register', { body })).body);
  expect(new Set(answers.map((answer) => answer.user_id)).size).toBe(1);
});

test('the dummy stage needs no session', async () => {
  await using api = await startApi();
  const { status } = await api.ask('POST /register', { body: { ...alice, auth: dummy } });
  expect(status).toBe(200);
});

test('who does not ask for a name gets one', async () => {
  await using api = await startApi();
  const { body } = await api.ask('POST /register', { body: { password: PASSWORD, auth: dummy } });
  expect(body.user_id).toMatch(/^@[0-9a-f]{16}:example\.org$/);
});

test('who does not want to be logged in gets neither device nor token', async () => {
  await using api = await startApi();
  const { body } = await api.ask('POST /register', {
    body: { ...alice, inhibit_login: true, auth: dummy },
  });
  expect(body).toEqual({ user_id: '@alice:example.org' });
});

test.each([
  ['letters beyond ASCII', 'Älice'],
  ['a space', 'a lice'],
  ['nothing', ''],
  ['more than an id can hold', 'a'.repeat(250)],
])('a name of %s is no name', async (_what, username) => {
  await using api = await startApi();
  const reply = await api.ask('POST /register', { body: { ...alice, username } });
  expect([reply.status, reply.body.errcode]).toEqual([400, 'M_INVALID_USERNAME']);
});

test('a name that is taken is refused before any stage, and by the availability check', async () => {
  await using api = await startApi();
  await api.register('alice');
  const reply = await api.ask('POST /register', { body: alice });
  expect([reply.status, reply.body.errcode]).toEqual([400, 'M_USER_IN_USE']);
  const check = await api.ask('GET /register/available?username=alice');
  expect(check.body.errcode).toBe('M_USER_IN_USE');
  expect((await api.ask('GET /register/available?username=bob')).body).toEqual({ available: true });
});

test('capital letters are folded, at the registration and at the login', async () => {
  await using api = await startApi();
  const body = { ...alice, username: 'AlicE', auth: dummy };
  const made = await api.ask('POST /register', { body });
  expect(made.body.user_id).toBe('@alice:example.org');
  expect((await api.ask('GET /register/available?username=ALICE')).body.errcode).toBe(
    'M_USER_IN_USE',
  );
  for (const user of ['ALICE', '@Alice:example.org']) {
    const login = { type: 'm.login.password', user, password: PASSWORD };
    expect((await api.ask('POST /login', { body: login })).body.user_id).toBe('@alice:example.org');
  }
});

test('of two who register one name at the same time one gets it', async () => {
  await using api = await startApi();
  const names = ['A', 'B'];
  const tries = await Promise.allSettled(names.map((device) => api.register('alice', device)));
  const winners = names.filter((_, index) => tries[index]!.status === 'fulfilled');
  expect(winners).toHaveLength(1);
  const devices = await api.fresh.database.query('test', 'SELECT device_id FROM device');
  expect(devices).toEqual([{ device_id: winners[0] }]);
});

test('a registration that is repeated over a failover is not told that the name is taken', async () => {
  await using fresh = await freshDatabase();
  const headers = { 'x-farol-request-id': 'front-a:register-1' };
  const answers = [];
  for (const _writer of ['first', 'second']) {
    await using api = await startApi({ fresh, behindFront: true });
    answers.push(await api.ask('POST /register', { headers, body: { ...alice, auth: dummy } }));
  }
  expect(answers[0]!.status).toBe(200);
  expect(answers[1]).toEqual(answers[0]);
});

test('over a failover a registration is known by its session and by the front’s id', async () => {
  await using fresh = await freshDatabase();
  const ask = async (requestId: string, auth: object) => {
    await using api = await startApi({ fresh, behindFront: true });
    const headers = { 'x-farol-request-id': `front-a:${requestId}` };
    return await api.ask('POST /register', { headers, body: { ...alice, auth } });
  };
  const { session } = (await ask('begin-01', {})).body;
  const first = await ask('register-1', { ...dummy, session });
  expect(first.status).toBe(200);
  expect(await ask('register-1', { ...dummy, session })).toEqual(first);
  expect(await ask('register-2', { ...dummy, session })).toEqual(first);
});

test('where registration is closed nobody is let in, nor told of stages', async () => {
  await using api = await startApi({ registration: 'closed' });
  const reply = await api.ask('POST /register', { body: { ...alice, auth: dummy } });
  expect([reply.status, reply.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
});

test('there are no guests', async () => {
  await using api = await startApi();
  const reply = await api.ask('POST /register?kind=guest', { body: {} });
  expect([reply.status, reply.body.errcode]).toEqual([403, 'M_GUEST_ACCESS_FORBIDDEN']);
});

test('with a registration token as many people get in as it allows', async () => {
  await using api = await startApi({ registration: 'token' });
  const { token } = await api.features.registrationTokens.create({ usesAllowed: 1 });
  const validity = () =>
    api.ask(`GET /_matrix/client/v1/register/m.login.registration_token/validity?token=${token}`);
  const stage = { type: 'm.login.registration_token', token };
  expect((await validity()).body).toEqual({ valid: true });

  const first = await api.ask('POST /register', { body: { ...alice, auth: stage } });
  expect(first.status).toBe(200);
  expect((await validity()).body).toEqual({ valid: false });
  const second = await api.ask('POST /register', {
    body: { ...alice, username: 'bob', auth: stage },
  });
  expect(second.status).toBe(401);
  expect(second.body).toMatchObject({
    errcode: 'M_FORBIDDEN',
    flows: [{ stages: ['m.login.registration_token'] }],
  });
});

test('whoever makes an account agrees to the terms, in a language that they read', async () => {
  const documents = {
    en: { name: 'Terms', url: 'https://example.org/terms' },
    'pt-BR': { name: 'Terms', url: 'https://example.org/termos' },
  };
  await using api = await startApi({ registration: 'token', terms: { version: '2', documents } });
  const { token } = await api.features.registrationTokens.create({});
  const ask = (auth?: JsonObject) => api.ask('POST /register', { body: { ...alice, auth } });

  const challenge = await ask();
  expect(challenge.body).toMatchObject({
    flows: [{ stages: ['m.login.registration_token', 'm.login.terms'] }],
    params: { 'm.login.terms': { policies: { terms: { version: '2', ...documents } } } },
  });
  const tokenGiven = await ask({ type: 'm.login.registration_token', token });
  expect([tokenGiven.status, tokenGiven.body.completed]).toEqual([
    401,
    ['m.login.registration_token'],
  ]);
  const { session } = tokenGiven.body;
  expect((await ask({ type: 'm.login.terms', session })).status).toBe(200);
});

test('nobody is asked for an agreement where there are no terms, and the stage opens nothing', async () => {
  await using api = await startApi();
  const body = { ...alice, auth: { type: 'm.login.terms' } };
  const refused = await api.ask('POST /register', { body });
  expect([refused.status, refused.body.params]).toEqual([401, {}]);
});

test('of many who register with the last use of a token one gets in', async () => {
  await using api = await startApi({ registration: 'token' });
  const { token } = await api.features.registrationTokens.create({ usesAllowed: 1 });
  const auth = { type: 'm.login.registration_token', token };
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const replies = await Promise.all(
    names.map((username) => api.ask('POST /register', { body: { ...alice, username, auth } })),
  );
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  const accounts = await api.fresh.database.query('test', 'SELECT user_id FROM account');
  expect(accounts).toHaveLength(1);
});

test('a registration token past its end lets nobody in', async () => {
  await using api = await startApi({ registration: 'token' });
  const { token } = await api.features.registrationTokens.create({ expiresMs: api.clock.ms + 1 });
  api.clock.ms += 1;
  const auth = { type: 'm.login.registration_token', token };
  expect((await api.ask('POST /register', { body: { ...alice, auth } })).status).toBe(401);
});

test('where a token is asked for the dummy stage is no way in', async () => {
  await using api = await startApi({ registration: 'token' });
  const { status } = await api.ask('POST /register', { body: { ...alice, auth: dummy } });
  expect(status).toBe(401);
});
