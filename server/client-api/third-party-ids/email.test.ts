import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import {
  type Arrived,
  emailBy,
  linkIn,
  type MailServer,
  startMailServer,
} from '../../../test/support/smtp.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const SECRET = 'monkeys_are_GREAT';
const asking = (
  email: string,
  more: { client_secret?: string; next_link?: string; send_attempt?: number } = {},
) => ({
  ...{ client_secret: SECRET, send_attempt: 1, email, ...more },
});

test('an address is added when its owner has confirmed it on the page that the e-mail leads to', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await api.register('alice');
  const { body } = await api.ask('POST /account/3pid/email/requestToken', {
    body: asking('Alice@Example.ORG'),
  });
  const creds = { sid: body.sid, client_secret: SECRET };
  const [first] = await mail.count(1);
  expect(first).toMatchObject({ from: 'no-reply@example.org', to: ['alice@example.org'] });
  expect((await add(api, token, creds)).body.errcode).toBe('M_THREEPID_AUTH_FAILED');
  await confirm(api, first!);
  expect((await add(api, token, creds)).status).toBe(200);
  const at = api.clock.ms;
  expect((await api.ask('GET /account/3pid', { token })).body).toEqual({
    threepids: [{ medium: 'email', address: 'alice@example.org', validated_at: at, added_at: at }],
  });
});

test('whoever looks for viruses behind a link confirms nothing', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await api.register('alice');
  const creds = await begin(api, 'account/3pid', 'alice@example.org');
  const { pathname, search } = linkIn((await mail.count(1))[0]!);
  for (const method of ['GET', 'HEAD', 'GET'])
    expect((await fetch(api.origin + pathname + search, { method })).status).toBe(200);
  expect((await add(api, token, creds)).body.errcode).toBe('M_THREEPID_AUTH_FAILED');
});

test.each([
  [
    'of another session',
    (link: URL, other: URL) => link.searchParams.set('sid', other.searchParams.get('sid')!),
  ],
  ['that was changed', (link: URL) => link.searchParams.set('token', 'x'.repeat(43))],
  ['that is empty', (link: URL) => link.searchParams.set('token', '')],
])('a token %s confirms nothing', async (_what, spoil) => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  await begin(api, 'account/3pid', 'alice@example.org');
  await mail.count(1);
  await begin(api, 'account/3pid', 'bob@example.org');
  const [link, other] = (await mail.count(2)).map(linkIn) as [URL, URL];
  expect(link.searchParams.get('token')).toMatch(/^[\w-]{43}$/);
  spoil(link, other);
  const told = await fetch(api.origin + link.pathname, { method: 'POST', body: link.searchParams });
  expect(told.status).toBe(404);
  expect(await told.text()).not.toContain('Confirmed');
});

test('the same send_attempt sends nothing anew, and a greater one the same link', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const sids = [];
  for (const send_attempt of [1, 1, 2, 1]) {
    sids.push((await begin(api, 'register', 'alice@example.org', { send_attempt })).sid);
  }
  expect(new Set(sids).size).toBe(1);
  await begin(api, 'register', 'bob@example.org');
  const arrived = await mail.count(3);
  expect(arrived.map(({ to }) => to[0]).sort()).toEqual([
    ...['alice@example.org', 'alice@example.org', 'bob@example.org'],
  ]);
  const links = arrived
    .filter(({ to }) => to[0] === 'alice@example.org')
    .map((each) => linkIn(each).href);
  expect(new Set(links).size).toBe(1);
});

test('what was asked for with another secret is another session', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await api.register('mallory');
  const theirs = await begin(api, 'account/3pid', 'alice@example.org');
  await confirm(api, (await mail.count(1))[0]!);
  const guessed = { sid: theirs.sid, client_secret: 'other' };
  expect((await add(api, token, guessed)).body.errcode).toBe('M_THREEPID_AUTH_FAILED');
  const own = await begin(api, 'account/3pid', 'alice@example.org', { client_secret: 'other' });
  expect(own.sid).not.toBe(theirs.sid);
});

test('an account is made with an address, which is what it was validated for and nothing else', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const alice = { username: 'alice', password: PASSWORD };
  const { flows, session } = (await api.ask('POST /register', { body: alice })).body;
  expect(flows).toEqual([{ stages: ['m.login.dummy'] }, { stages: ['m.login.email.identity'] }]);
  const creds = await begin(api, 'register', 'alice@example.org');
  const auth = { type: 'm.login.email.identity', threepid_creds: creds, session };
  const early = await api.ask('POST /register', { body: { ...alice, auth } });
  // Else Element shows an error while it waits for the click.
  expect([early.status, early.body.errcode]).toEqual([401, 'M_UNAUTHORIZED']);
  api.clock.ms += 50 * 60_000;
  await confirm(api, (await mail.count(1))[0]!);
  expect((await reset(api, creds)).status).toBe(401);
  expect((await api.ask('POST /register', { body: { ...alice, auth } })).status).toBe(200);
  expect(await api.features.thirdPartyIds.of('@alice:example.org' as UserId)).toMatchObject([
    { address: 'alice@example.org' },
  ]);
  const bob = { username: 'bob', password: PASSWORD, auth: { ...auth, session: undefined } };
  expect((await api.ask('POST /register', { body: bob })).status).toBe(401);
});

test('where the operator wants it nobody makes an account without an address', async () => {
  await using mail = await startMailServer();
  const email = emailBy(mail.port, { isRequired: true });
  await using api = await startApi({ email, registration: 'token' });
  const { body } = await api.ask('POST /register', { body: { password: PASSWORD } });
  expect(body.flows).toEqual([
    { stages: ['m.login.registration_token', 'm.login.email.identity'] },
  ]);
});

test('who has forgotten their password gets a new one by their address, once, and is told so', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await withAddress(api, mail, 'alice', 'alice@example.org');
  const creds = await begin(api, 'account/password', 'ALICE@example.org');
  const asked = (await mail.count(2))[1]!;
  expect(asked.raw).toContain('A new password for @alice:example.org');
  expect((await reset(api, creds)).status).toBe(401);
  await confirm(api, asked);
  expect((await reset(api, creds, 'a new one')).status).toBe(200);
  expect((await mail.count(3))[2]!.raw).toContain('was changed');
  expect((await api.ask('GET /account/whoami', { token })).body.errcode).toBe('M_UNKNOWN_TOKEN');
  expect((await byAddress(api, 'Alice@Example.org', 'a new one')).body.user_id).toBe(
    '@alice:example.org',
  );
  expect((await reset(api, creds, 'a third one')).status).toBe(401);
});

test('where nobody may make an account nobody is written to for that', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port), registration: 'closed' });
  const body = asking('alice@example.org');
  expect((await api.ask('POST /register/email/requestToken', { body })).status).toBe(403);
  await begin(api, 'account/password', 'alice@example.org');
  const [only] = await mail.count(1);
  expect(only!.raw).toContain('There is no account by this address');
});

test('two resets by one validation at once change the password once', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  await withAddress(api, mail, 'alice', 'alice@example.org');
  const creds = await begin(api, 'account/password', 'alice@example.org');
  await confirm(api, (await mail.count(2))[1]!);
  const answers = await Promise.all([reset(api, creds, 'one'), reset(api, creds, 'two')]);
  expect(answers.map(({ status }) => status === 200).sort()).toEqual([false, true]);
  const won = answers[0]!.status === 200 ? 'one' : 'two';
  expect((await byAddress(api, 'alice@example.org', won)).status).toBe(200);
});

test('strangers are answered alike whether an account has the address or not', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  await withAddress(api, mail, 'alice', 'alice@example.org');
  for (const at of ['account/3pid', 'account/password', 'register']) {
    for (const email of ['alice@example.org', 'nobody@example.org']) {
      const { status, body } = await api.ask(`POST /${at}/email/requestToken`, {
        body: asking(email, { client_secret: 'x' }),
      });
      expect([status, Object.keys(body), body.sid]).toEqual([
        200,
        ['sid'],
        expect.stringMatching(/^[\w-]{24}$/),
      ]);
    }
  }
  const subjects = (await mail.count(7))
    .slice(1)
    .map(({ to, raw }) => `${to[0]}: ${/^Subject: (.*)\r/m.exec(raw)![1]}`);
  expect(subjects.sort()).toEqual([
    'alice@example.org: A new password for @alice:example.org',
    'alice@example.org: Your address on example.org',
    'alice@example.org: Your address on example.org',
    'nobody@example.org: Confirm your address for example.org',
    'nobody@example.org: Confirm your address for example.org',
    'nobody@example.org: Your address on example.org',
  ]);
  const known = await byAddress(api, 'alice@example.org', 'wrong');
  const unknown = await byAddress(api, 'nobody@example.org', 'wrong');
  expect(unknown).toEqual(known);
  expect(known.status).toBe(403);
});

test('an address is written to five times an hour, whoever asks, by whatever writer', async () => {
  await using mail = await startMailServer();
  await using fresh = await freshDatabase();
  const ask = (api: ApiServer, client_secret: string) =>
    api.ask('POST /register/email/requestToken', {
      body: asking('Alice@example.org', { client_secret }),
    });
  {
    await using api = await startApi({ email: emailBy(mail.port), fresh });
    for (const secret of ['a', 'b', 'c', 'd', 'e'])
      expect((await ask(api, secret)).status).toBe(200);
    await mail.count(5);
  }
  await using api = await startApi({ email: emailBy(mail.port), fresh });
  const refused = await ask(api, 'f');
  expect([refused.status, refused.body.retry_after_ms]).toEqual([429, 3_600_000]);
  expect((await ask(api, 'a')).status).toBe(200);
  api.clock.ms += 3_600_000;
  expect((await ask(api, 'f')).status).toBe(200);
  await mail.count(6);
});

test('no more than so many e-mails go out in an hour to all people together, by whatever writer', async () => {
  await using mail = await startMailServer();
  await using fresh = await freshDatabase();
  const email = emailBy(mail.port, { perHourMax: 3 });
  const ask = (api: ApiServer, to: string) =>
    api.ask('POST /register/email/requestToken', { body: asking(`${to}@example.org`) });
  {
    await using api = await startApi({ email, fresh });
    for (const to of ['a', 'b']) expect((await ask(api, to)).status).toBe(200);
    api.clock.ms += 1_800_000;
    expect((await ask(api, 'c')).status).toBe(200);
    await mail.count(3);
  }
  await using api = await startApi({ email, fresh });
  api.clock.ms += 1_800_000;
  const refused = await ask(api, 'd');
  expect([refused.status, refused.body.retry_after_ms]).toEqual([429, 1_800_000]);
  expect((await ask(api, 'a')).status).toBe(200);
  api.clock.ms += 1_800_000;
  expect((await ask(api, 'd')).status).toBe(200);
  await mail.count(4);
});

test('when strangers have used up what is theirs, who has an account still gets a new password, and nobody sees who has one', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port, { perHourMax: 8 }) });
  await withAddress(api, mail, 'alice', 'alice@example.org');
  const ask = (what: string, to: string, client_secret = 'secret') =>
    api.ask(`POST /${what}/email/requestToken`, { body: asking(to, { client_secret }) });
  const strangers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => ask('register', `${index}@example.org`)),
  );
  expect(strangers.map(({ status }) => status).sort()).toEqual([
    200, 200, 200, 200, 200, 429, 429, 429,
  ]);
  await mail.count(6);
  const reset = 'account/password';
  for (const to of ['nobody@example.org', 'alice@example.org'])
    expect((await ask(reset, to)).status).toBe(200);
  expect((await mail.count(7)).at(-1)!.to).toContain('alice@example.org');
  for (const secret of ['b', 'c', 'd', 'e'])
    expect((await ask(reset, 'nobody@example.org', secret)).status).toBe(200);
  expect((await ask(reset, 'nobody@example.org', 'f')).status).toBe(429);
  expect((await ask(reset, 'alice@example.org', 'b')).status).toBe(200);
  for (const to of ['alice@example.org', 'somebody@example.org'])
    expect((await ask(reset, to, 'c')).status).toBe(429);
  await mail.count(8);
});

test('whoever asks from one address, for whomsoever, is soon told to wait', async () => {
  await using mail = await startMailServer();
  const rates = { mail: { perSecond: 0.01, burst: 2 } };
  await using api = await startApi({ email: emailBy(mail.port), rates });
  const ask = (to: string) =>
    api.ask('POST /account/password/email/requestToken', { body: asking(`${to}@example.org`) });
  expect([(await ask('a')).status, (await ask('b')).status]).toEqual([200, 200]);
  expect((await ask('c')).body).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  await mail.count(2);
});

test('a session is over after an hour, and so is its link', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const token = await api.register('alice');
  const creds = await begin(api, 'account/3pid', 'alice@example.org');
  const [first] = await mail.count(1);
  await confirm(api, first!);
  api.clock.ms += 3_600_000;
  const { pathname, search } = linkIn(first!);
  expect((await fetch(api.origin + pathname + search)).status).toBe(404);
  expect((await add(api, token, creds)).body.errcode).toBe('M_THREEPID_AUTH_FAILED');
});

test('an address is of one account, until it is taken away or the account ends', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  const bob = await api.register('bob');
  const creds = await begin(api, 'account/3pid', 'Shared@example.org', { client_secret: 'bobs' });
  await confirm(api, (await mail.count(1))[0]!);
  const alice = await withAddress(api, mail, 'alice', 'shared@example.org');
  expect((await add(api, bob, creds)).body.errcode).toBe('M_THREEPID_IN_USE');
  const id = { medium: 'email', address: 'SHARED@example.org' };
  await api.ask('POST /account/3pid/delete', { token: bob, body: id });
  expect((await api.ask('GET /account/3pid', { token: alice })).body.threepids).toHaveLength(1);
  const auth = { type: 'm.login.password', password: PASSWORD };
  await api.ask('POST /account/deactivate', { token: alice, body: { auth } });
  expect((await add(api, bob, creds)).status).toBe(200);
  const removed = await api.ask('POST /account/3pid/delete', { token: bob, body: id });
  expect(removed.body).toEqual({ id_server_unbind_result: 'no-support' });
  expect((await api.ask('GET /account/3pid', { token: bob })).body).toEqual({ threepids: [] });
});

test('a web app gets its user back only where the operator has named it', async () => {
  await using mail = await startMailServer();
  const email = emailBy(mail.port, { nextLinkHosts: ['app.example.org'] });
  await using api = await startApi({ email });
  const links = [
    [
      'https://app.example.org/#/a?b=1&c="2"',
      'href="https://app.example.org/#/a?b=1&amp;c=&quot;2&quot;"',
    ],
    ['https://app.example.org.evil.example/', undefined],
    ['https://app.example.org@evil.example/', undefined],
    ['javascript:alert(1)//app.example.org', undefined],
  ] as const;
  for (const [at, [next_link, shown]] of links.entries()) {
    await begin(api, 'register', `a${at}@example.org`, { next_link });
    const text = await confirm(api, (await mail.count(at + 1))[at]!);
    if (shown === undefined) expect(text).not.toContain('href');
    else expect(text).toContain(shown);
  }
  const body = asking('a@example.org', { next_link: 'nothing' });
  expect((await api.ask('POST /register/email/requestToken', { body })).body.errcode).toBe(
    'M_INVALID_PARAM',
  );
});

test('a password is changed with no token that is none, and without one only by an address', async () => {
  await using api = await startApi();
  const body = { new_password: 'x' };
  expect((await api.ask('POST /account/password', { body })).body.errcode).toBe('M_MISSING_TOKEN');
  for (const headers of [{ authorization: 'Bearer nobodys' }, { authorization: 'Basic x' }]) {
    const { status } = await api.ask('POST /account/password', { body, headers });
    expect(status).toBe(401);
  }
});

test('a locked account gets no new password by its address', async () => {
  await using mail = await startMailServer();
  await using api = await startApi({ email: emailBy(mail.port) });
  await withAddress(api, mail, 'alice', 'alice@example.org');
  const root = await api.register('root', 'DESK', { admin: true });
  const creds = await begin(api, 'account/password', 'alice@example.org');
  await confirm(api, (await mail.count(2))[1]!);
  const path = 'PUT /_matrix/client/v1/admin/lock/@alice:example.org';
  await api.ask(path, { token: root, body: { locked: true } });
  expect((await reset(api, creds)).body.errcode).toBe('M_USER_LOCKED');
});

/** Asks for a mail, and names the session as a client does. */
async function begin(
  api: ApiServer,
  at: string,
  email: string,
  more: Parameters<typeof asking>[1] = {},
) {
  const body = asking(email, more);
  const reply = await api.ask(`POST /${at}/email/requestToken`, { body });
  expect(reply.status).toBe(200);
  return { sid: reply.body.sid as string, client_secret: body.client_secret };
}

/** A new account by this address. */
async function withAddress(api: ApiServer, mail: MailServer, localpart: string, email: string) {
  const before = mail.arrived.length;
  const token = await api.register(localpart);
  const creds = await begin(api, 'account/3pid', email);
  await confirm(api, (await mail.count(before + 1))[before]!);
  expect((await add(api, token, creds)).status).toBe(200);
  return token;
}

const reset = (api: ApiServer, threepid_creds: object, new_password = 'new') =>
  api.ask('POST /account/password', {
    body: { new_password, auth: { type: 'm.login.email.identity', threepid_creds } },
  });

const byAddress = (api: ApiServer, address: string, password: string) =>
  api.ask('POST /login', {
    body: {
      ...{ type: 'm.login.password', password },
      identifier: { type: 'm.id.thirdparty', medium: 'email', address },
    },
  });

/** With the password that interactive auth asks for. */
async function add(api: ApiServer, token: string, creds: object) {
  const request = 'POST /account/3pid/add';
  const { session } = (await api.ask(request, { token, body: creds })).body;
  const auth = { type: 'm.login.password', password: PASSWORD, session };
  return api.ask(request, { token, body: { ...creds, auth } });
}

async function confirm({ origin }: ApiServer, mail: Arrived) {
  const { pathname, searchParams } = linkIn(mail);
  const shown = await fetch(`${origin}${pathname}?${searchParams}`);
  expect(shown.status).toBe(200);
  const reply = await fetch(origin + pathname, { method: 'POST', body: searchParams });
  const text = await reply.text();
  expect(text).toContain('Confirmed');
  return text;
}
