import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { sweepExpired } from '../../storage/accounts/expired.ts';

const AUTH = '/_matrix/client/v3/auth';
const NEW = { username: 'carol', password: PASSWORD };

test('a stage that was finished in a browser is there for a client that goes on with its session alone', async () => {
  await using api = await startApi();
  const session = await begun(api, 'POST /register', NEW);
  const asked = await show(api, 'm.login.dummy', session);
  expect(asked.status).toBe(200);
  expect(asked.text).toContain(`value="${session}"`);
  expect((await register(api, session)).status).toBe(401);
  const { status, text } = await fill(api, 'm.login.dummy', { session });
  expect([status, text]).toEqual([200, expect.stringContaining('<h1>Done</h1>')]);
  const { body } = await register(api, session);
  expect(body.user_id).toBe('@carol:example.org');
});

test('it is still there at the next writer, and for no other session', async () => {
  await using fresh = await freshDatabase();
  let [mine, others] = ['', ''];
  {
    await using api = await startApi({ fresh });
    mine = await begun(api, 'POST /register', NEW);
    others = await begun(api, 'POST /register', NEW);
    await fill(api, 'm.login.dummy', { session: mine });
  }
  await using next = await startApi({ fresh });
  expect((await register(next, others)).body).toMatchObject({ completed: [] });
  expect((await register(next, mine)).status).toBe(200);
});

test('a front that did not hear how it ended is told by the next writer, whatever has become of the token', async () => {
  await using fresh = await freshDatabase();
  const stage = 'm.login.registration_token';
  const asked = async (api: ApiServer, session: string, token: string) => {
    const answer = await fetch(`${api.origin}${AUTH}/${stage}/fallback/web`, {
      ...{ method: 'POST', headers: { 'x-farol-request-id': 'front-a:typed-1' } },
      body: new URLSearchParams({ session, token }),
    });
    const { status, text, headers } = await read(answer);
    return { status, text, policy: headers.get('content-security-policy') };
  };
  let [session, token] = ['', ''];
  let first: object = {};
  {
    await using api = await startApi({ fresh, registration: 'token', behindFront: true });
    token = (await api.features.registrationTokens.create()).token;
    session = await begun(api, 'POST /register', NEW);
    first = await asked(api, session, token);
    await api.features.registrationTokens.delete(token, undefined);
  }
  await using next = await startApi({ fresh, registration: 'token', behindFront: true });
  expect(await asked(next, session, token)).toEqual(first);
  expect(first).toMatchObject({ status: 200, policy: expect.stringContaining('script-src') });
  expect((await fill(next, stage, { session, token })).status).toBe(403);
});

test('a registration token that was typed in a browser is used up by whoever registers with it', async () => {
  await using api = await startApi({ registration: 'token' });
  const { token } = await api.features.registrationTokens.create({ usesAllowed: 1 });
  const session = await begun(api, 'POST /register', NEW);
  const stage = 'm.login.registration_token';
  expect((await show(api, stage, session)).text).toContain('name="token"');
  const wrong = await fill(api, stage, { session, token: 'guessed' });
  expect(wrong.status).toBe(403);
  expect(wrong.text).toContain('<p role="alert">The registration token is not valid</p>');
  await fill(api, stage, { session, token });
  expect((await register(api, session)).status).toBe(200);
  expect(await api.features.registrationTokens.isValid(token)).toBe(false);
});

test('the password that is asked for is that of the user whose request it is', async () => {
  await using api = await startApi();
  const token = await api.register('alice', 'PHONE');
  const session = await begun(api, 'DELETE /devices/PHONE', {}, token);
  const asked = await show(api, 'm.login.password', session);
  expect(asked.text).toContain('<strong>@alice:example.org</strong>');
  const remove = () => api.ask('DELETE /devices/PHONE', { token, body: { auth: { session } } });
  expect((await fill(api, 'm.login.password', { session, password: 'wrong' })).status).toBe(403);
  expect((await remove()).body).toEqual(expect.not.objectContaining({ errcode: 'M_FORBIDDEN' }));
  expect((await fill(api, 'm.login.password', { session, password: PASSWORD })).status).toBe(200);
  expect((await remove()).status).toBe(200);
});

test('passwords are tried in a browser no more often than elsewhere', async () => {
  await using api = await startApi({ rates: { login: { perSecond: 0.001, burst: 6 } } });
  const token = await api.register('alice', 'PHONE');
  const session = await begun(api, 'DELETE /devices/PHONE', {}, token);
  const tries = [];
  for (const password of ['a', 'b', 'c', PASSWORD])
    tries.push(await fill(api, 'm.login.password', { session, password }));
  expect(tries.map(({ status }) => status)).toEqual([403, 403, 403, 429]);
  expect(tries[3]!.text).toMatch(/Too many attempts[\s\S]*Wait \d+ s/);
});

test.each<[string, string, (session: string) => string, number, string]>([
  ['a session that was changed', 'm.login.dummy', (session) => `x${session}`, 400, 'is over'],
  ['no session', 'm.login.dummy', () => '', 400, 'session'],
  ['a stage that was not asked for', 'm.login.password', (own) => own, 400, 'did not ask for this'],
  ['a stage that is unknown', 'm.login.recaptcha', (own) => own, 404, 'There is no such page'],
  ['a stage of the language', 'constructor', (own) => own, 404, 'There is no such page'],
])('%s gets a page that says so, and nothing is kept', async (_what, stage, of, status, text) => {
  await using api = await startApi();
  const session = of(await begun(api, 'POST /register', NEW));
  for (const answer of [await show(api, stage, session), await fill(api, stage, { session })]) {
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'text/html; charset=utf-8',
    ]);
    expect(answer.text).toContain(text);
  }
  expect(await kept(api)).toEqual([]);
});

test('what was finished goes when its session is over', async () => {
  await using api = await startApi();
  const first = await begun(api, 'POST /register', NEW);
  await fill(api, 'm.login.dummy', { session: first });
  api.clock.ms += 15 * 60_000;
  expect((await fill(api, 'm.login.dummy', { session: first })).status).toBe(400);
  const second = await begun(api, 'POST /register', NEW);
  await fill(api, 'm.login.dummy', { session: second });
  expect(await kept(api)).toHaveLength(2);
  await sweepExpired(api.fresh.database, { nowMs: api.clock.ms, limit: 100 });
  expect(await kept(api)).toHaveLength(1);
  expect((await register(api, second)).status).toBe(200);
});

test('no password of a locked account is tried in a browser, not even the right one', async () => {
  await using api = await startApi({ rates: { login: { perSecond: 0.001, burst: 20 } } });
  const [root, token] = [
    await api.register('root', 'DESK', { admin: true }),
    await api.register('alice', 'PHONE'),
  ];
  const session = await begun(api, 'DELETE /devices/PHONE', {}, token);
  const lock = (locked: boolean) =>
    api.ask('PUT /_matrix/client/v1/admin/lock/@alice:example.org', {
      ...{ token: root, body: { locked } },
    });
  await lock(true);
  for (const password of ['wrong', PASSWORD]) {
    const { status, text } = await fill(api, 'm.login.password', { session, password });
    expect([status, text]).toEqual([401, expect.stringContaining('This account is locked')]);
  }
  expect(await kept(api)).toEqual([]);
  await lock(false);
  expect((await fill(api, 'm.login.password', { session, password: PASSWORD })).status).toBe(200);
});

test('in a page nothing runs but what this server wrote, no other page shows it, and nobody is told its address', async () => {
  await using api = await startApi();
  const session = await begun(api, 'POST /register', NEW);
  for (const { text, headers } of [
    await show(api, 'm.login.dummy', session),
    await fill(api, 'm.login.dummy', { session }),
    await show(api, 'm.login.dummy', 'none'),
    await read(await fetch(`${api.origin}/_matrix/static/client/login/`)),
  ]) {
    const policy = headers.get('content-security-policy')!;
    for (const [, script] of text.matchAll(/<(?:script|style)>([\s\S]*?)<\/(?:script|style)>/g))
      expect(policy).toContain(`'sha256-${sha256(script!)}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/ on\w+=| style=| src=/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('the app is told that a stage is done in the one way or the other', async () => {
  await using api = await startApi();
  const session = await begun(api, 'POST /register', NEW);
  const { text } = await fill(api, 'm.login.dummy', { session });
  const told: unknown[] = [];
  const opener = { postMessage: (...message: unknown[]) => told.push(message) };
  const onAuthDone = () => told.push('onAuthDone');
  for (const window of [{ opener }, { opener, onAuthDone }, {}])
    runInNewContext(scriptOf(text), { window });
  expect(told).toEqual([['authDone', '*'], 'onAuthDone']);
});

test('the login page logs in with what the app gave it, and hands over what came back', async () => {
  await using api = await startApi();
  await api.register('alice');
  const { login, said, handed } = await openLogin(api, '?device_id=KIOSK&refresh_token=true');
  await login('alice', 'wrong');
  expect([said(), handed]).toEqual(['Wrong user name or password', []]);
  await login('alice', PASSWORD);
  expect(handed).toEqual([
    expect.objectContaining({ user_id: '@alice:example.org', device_id: 'KIOSK' }),
  ]);
  expect(handed[0]).toHaveProperty('refresh_token');
});

test('the login page logs nobody in where no app waits for it', async () => {
  await using api = await startApi();
  const { login, said } = await openLogin(api, '', { isApp: false });
  await login('alice', PASSWORD);
  expect(said()).toMatch(/open this page from your app/);
});

test('whoever types the address of the server into a browser is told what it is', async () => {
  await using api = await startApi({ publicUrl: 'https://matrix.example.org/<b>' });
  const answer = await read(await fetch(api.origin));
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('https://matrix.example.org/&lt;b&gt;');
});

test('the terms are read and agreed to in a browser, whatever stands in their names', async () => {
  const documents = { pt: { name: 'Termos <b>', url: 'https://example.org/termos?a="b"' } };
  await using api = await startApi({ terms: { version: '1', documents } });
  const session = await begun(api, 'POST /register', NEW);
  const { text } = await show(api, 'm.login.terms', session);
  expect(text).toContain('href="https://example.org/termos?a=&quot;b&quot;" hreflang="pt"');
  expect(text).toContain('Termos &lt;b&gt;</a> (pt)');
  await fill(api, 'm.login.dummy', { session });
  expect((await register(api, session)).body).toMatchObject({ completed: ['m.login.dummy'] });
  await fill(api, 'm.login.terms', { session });
  expect((await register(api, session)).status).toBe(200);
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');
const scriptOf = (text: string) => /<script>([\s\S]*?)<\/script>/.exec(text)![1]!;

const read = async (answer: Response) => ({
  ...{ status: answer.status, headers: answer.headers },
  text: await answer.text(),
});

const show = async ({ origin }: ApiServer, stage: string, session: string) =>
  read(await fetch(`${origin}${AUTH}/${stage}/fallback/web?session=${session}`));

const fill = async ({ origin }: ApiServer, stage: string, fields: Record<string, string>) =>
  read(
    await fetch(`${origin}${AUTH}/${stage}/fallback/web`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    }),
  );

async function begun(api: ApiServer, request: string, body: object, token?: string) {
  const { status, body: challenge } = await api.ask(request, { token, body });
  expect(status).toBe(401);
  return challenge.session as string;
}

const register = (api: ApiServer, session: string) =>
  api.ask('POST /register', { body: { ...NEW, auth: { session } } });

const kept = ({ fresh }: ApiServer) => fresh.database.query('kept', 'SELECT * FROM finished_stage');

/** The script of the page with a form of its own; what it asks the server for is asked. */
async function openLogin({ origin }: ApiServer, search: string, { isApp = true } = {}) {
  const at = `${origin}/_matrix/static/client/login/`;
  const handed: object[] = [];
  const nodes: Record<string, { textContent: string }> = {};
  const node = (selector: string) => (nodes[selector] ??= { textContent: '' });
  let submit = async (_event: { preventDefault(): void }) => {};
  const form = {
    ...{ user: { value: '' }, password: { value: '' }, remove() {} },
    querySelector: node,
    addEventListener: (_submit: string, listener: typeof submit) => (submit = listener),
  };
  runInNewContext(scriptOf((await read(await fetch(at + search))).text), {
    window: isApp ? { matrixLogin: { onLogin: (answer: object) => handed.push(answer) } } : {},
    document: { forms: [form], querySelector: node },
    location: { search },
    URLSearchParams,
    fetch: (path: string, init: RequestInit) => fetch(new URL(path, at), init),
  });
  return {
    handed,
    said: () => node('[role=alert]').textContent,
    async login(user: string, password: string) {
      form.user.value = user;
      form.password.value = password;
      await submit({ preventDefault() {} });
    },
  };
}
