import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/support/api-server.ts';
import { Browser } from '../../../test/support/browser.ts';
import type { OpenIdProvider } from '../../../test/support/open-id-provider.ts';
import { type House, leaving, logIn, withProvider } from '../../../test/support/sign-in-house.ts';
import { notKept } from '../../log/outcomes.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { ProviderSettings } from '../../sign-in/provider.ts';

/** Providers that tell of whom they logged out (OpenID Connect Back-Channel Logout 1.0). */

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let [own, another]: [Keys, Keys] = [] as never;
beforeAll(async () => {
  [own, another] = await Promise.all([newKeys(), newKeys()]);
});

test('whoever logs out at their provider is logged out here, on the devices that came in by that login', async () => {
  await using house = await withKnownKeys();
  const [atWork, atHome, eves] = [new Browser({}), new Browser({}), new Browser({})];
  const phone = await signIn(house, 'ada', 'PHONE', atWork);
  const desk = await signIn(house, 'ada', 'DESK', atHome);
  const evesPhone = await signIn(house, 'eve', 'PHONE', eves);
  await logOutThere(house, atWork);
  expect(await isIn(house, phone, desk, evesPhone)).toEqual([false, true, true]);
  await logOutThere(house, atHome);
  expect(await isIn(house, desk, evesPhone)).toEqual([false, true]);
});

test('a provider that names a person alone ends all of their logins, and none of others', async () => {
  await using house = await withKnownKeys();
  const tokens = [
    await signIn(house, 'ada', 'PHONE'),
    await signIn(house, 'ada', 'DESK'),
    await signIn(house, 'eve', 'PHONE'),
  ] as const;
  expect(await tell(house, { sub: 'ada' })).toBe(200);
  expect(await isIn(house, ...tokens)).toEqual([false, false, true]);
});

test('a provider that names a login alone ends that one', async () => {
  await using house = await withKnownKeys();
  const phone = await signIn(house, 'ada', 'PHONE');
  const desk = await signIn(house, 'ada', 'DESK');
  const { database } = house.api.fresh;
  const [login] = await database.query<{ sid: string }>(
    'sid',
    `SELECT sid FROM upstream_session WHERE device_id = 'PHONE'`,
  );
  expect(await tell(house, { sid: login!.sid })).toBe(200);
  expect(await isIn(house, phone, desk)).toEqual([false, true]);
  expect(await tell(house, { sid: 'another' })).toBe(200);
  expect(await isIn(house, desk)).toEqual([true]);
});

test('a token for a login that was not used yet lets nobody in any more', async () => {
  await using house = await withKnownKeys();
  house.provider.people.ada = { preferred_username: 'ada' };
  const page = await house.signIn('ada');
  expect(await tell(house, { sub: 'ada' })).toBe(200);
  expect((await logIn(house, page)).status).toBe(403);
});

test.each<[string, (house: KnownHouse, there: Browser) => Promise<unknown>, boolean]>([
  ['the person', (house) => tell(house, { sub: 'ada' }), false],
  ['the login', logOutThere, false],
  ['another login of theirs', (house) => tell(house, { sub: 'ada', sid: 'another' }), true],
  ['somebody else', (house) => tell(house, { sub: 'eve' }), true],
])(
  'whoever is asked for a name when their provider ends %s is let in by a login that stands alone',
  async (_what, ends, isLetIn) => {
    await using house = await withKnownKeys();
    house.provider.people.ada = {};
    const there = new Browser({});
    const asked = await house.browser.open(await house.visit(there, leaving(), 'ada'));
    house.api.clock.ms += 1_000;
    await ends(house, there);
    const sent = await house.browser.submit(asked, { localpart: 'ada' });
    expect(sent.status).toBe(isLetIn ? 200 : 403);
    if (isLetIn) return expect((await logIn(house, sent)).status).toBe(200);
    expect(sent.text).not.toContain('loginToken');
    house.api.clock.ms += 1_000;
    const again = await house.browser.submit(await house.signIn('ada'), { localpart: 'ada' });
    expect((await logIn(house, again)).status).toBe(200);
  },
);

test('a device that another one let in ends with the login of that one', async () => {
  await using house = await withKnownKeys();
  const { api } = house;
  const phone = await signIn(house, 'ada', 'PHONE');
  const caller = { userId: `@ada:${api.features.accounts.serverName}` as UserId };
  const { login_token } = await api.features.loginTokens.create(
    { ...caller, deviceId: 'PHONE' },
    notKept,
  );
  const wish = { type: 'm.login.token', token: login_token, device_id: 'DESK' };
  const desk = (await api.ask('POST /login', { body: wish })).body.access_token as string;
  expect(await isIn(house, phone, desk)).toEqual([true, true]);
  expect(await tell(house, { sub: 'ada' })).toBe(200);
  expect(await isIn(house, phone, desk)).toEqual([false, false]);
});

test('a token that comes again ends no login that began since', async () => {
  await using house = await withKnownKeys();
  const before = await signIn(house, 'ada', 'PHONE');
  const said = { sub: 'ada', jti: 'once' };
  expect(await tell(house, said)).toBe(200);
  const since = await signIn(house, 'ada', 'PHONE');
  expect(await tell(house, said)).toBe(200);
  expect(await isIn(house, before, since)).toEqual([false, true]);
  expect(await tell(house, { ...said, jti: 'twice' })).toBe(200);
  expect(await isIn(house, since)).toEqual([false]);
});

test('a device on which its user has logged in by their password since is no longer the provider’s', async () => {
  await using house = await withKnownKeys({ linksByName: true });
  await house.api.register('ada');
  const before = await signIn(house, 'ada', 'PHONE');
  const { body } = await house.api.ask('POST /login', {
    body: { type: 'm.login.password', user: 'ada', password: PASSWORD, device_id: 'PHONE' },
  });
  expect(await tell(house, { sub: 'ada' })).toBe(200);
  expect(await isIn(house, before, body.access_token)).toEqual([false, true]);
});

test('a device that is gone is not found by the login of before', async () => {
  await using house = await withKnownKeys();
  const token = await signIn(house, 'ada', 'PHONE');
  await house.api.ask('POST /logout', { token, body: {} });
  const rows = await house.api.fresh.database.query('kept', 'SELECT 1 FROM upstream_session');
  expect(rows).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ['for another client', { aud: 'another' }],
  ['of another provider', { iss: 'https://another.example.org' }],
  ['of a login', { nonce: 'x' }],
  ['that tells of no logout', { events: {} }],
  ['that tells of something else', { events: { 'https://example.org/other': {} } }],
  ['without a name', { jti: undefined }],
  ['that names nobody', { sub: undefined }],
  ['of an hour ago', { iat: Math.floor(Date.now() / 1000) - 3_600 }],
  ['that is over', { exp: Math.floor(Date.now() / 1000) - 120 }],
  ['that does not say when it was made', { iat: undefined }],
])('a token %s ends nothing', async (_what, changed) => {
  await using house = await withKnownKeys();
  const token = await signIn(house, 'ada', 'PHONE');
  expect(await tell(house, { sub: 'ada', ...changed })).toBe(400);
  expect(await isIn(house, token)).toEqual([true]);
});

test('a token that the provider has not signed ends nothing, nor does what is no token', async () => {
  await using house = await withKnownKeys();
  const token = await signIn(house, 'ada', 'PHONE');
  expect(await tell(house, { sub: 'ada' }, another)).toBe(400);
  const unsigned = [{ alg: 'none' }, { ...saidBy(house), sub: 'ada' }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  expect(await post(house, `${unsigned.join('.')}.`)).toBe(400);
  expect(await post(house, 'no token')).toBe(400);
  expect(await isIn(house, token)).toEqual([true]);
});

test('a provider that nobody knows is not there, and one that is away is asked again at its next try', async () => {
  await using house = await withKnownKeys();
  const body = new URLSearchParams({ logout_token: 'x' });
  const at = `${house.api.origin}/_farol/sign-in/another/logout`;
  expect((await fetch(at, { method: 'POST', body })).status).toBe(404);
  await house.provider[Symbol.asyncDispose]();
  expect(await tell(house, { sub: 'ada' })).toBe(502);
});

const KID = 'key of a test';

/** What a provider signs can be signed by the test, too. */
async function withKnownKeys(told: Partial<ProviderSettings> = {}) {
  const key = { ...(await exportJWK(own.privateKey)), kid: KID, alg: 'RS256', use: 'sig' };
  const house = await withProvider(told, {}, { jwks: { keys: [key] } });
  house.api.clock.ms = Date.now();
  return house;
}

type KnownHouse = House & { readonly provider: OpenIdProvider };

const newKeys = () => generateKeyPair('RS256', { extractable: true });

/** By the provider, on a device of this name; resolves with its token. */
async function signIn(
  house: KnownHouse,
  login: string,
  deviceId: string,
  there = new Browser({}),
): Promise<string> {
  house.provider.people[login] = { preferred_username: login };
  const page = await house.browser.open(await house.visit(there, leaving(), login));
  return (await logIn(house, page, deviceId)).body.access_token;
}

async function logOutThere({ provider }: KnownHouse, there: Browser): Promise<void> {
  const page = await there.open(`${provider.issuer}/session/end`);
  const done = await there.submit(page, { logout: 'yes' });
  expect(done.status).toBe(200);
}

const isIn = ({ api }: House, ...tokens: readonly string[]): Promise<boolean[]> =>
  Promise.all(
    tokens.map(async (token) => (await api.ask('GET /account/whoami', { token })).status === 200),
  );

const saidBy = ({ provider }: KnownHouse) => ({
  ...{ iss: provider.issuer, aud: 'farol', jti: crypto.randomUUID() },
  iat: Math.floor(Date.now() / 1000),
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
});

/** The status with which a logout token is answered that says this. */
async function tell(house: KnownHouse, said: Record<string, unknown>, keys = own): Promise<number> {
  const token = new SignJWT({ ...saidBy(house), ...said } as never);
  const header = { alg: 'RS256', kid: KID, typ: 'logout+jwt' };
  return post(house, await token.setProtectedHeader(header).sign(keys.privateKey));
}

async function post({ api }: House, token: string): Promise<number> {
  const body = new URLSearchParams({ logout_token: token });
  const at = `${api.origin}/_farol/sign-in/company/logout`;
  return (await fetch(at, { method: 'POST', body })).status;
}
