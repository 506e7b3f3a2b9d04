import { expect, test, vi } from 'vitest';
import { PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { Browser, type Seen } from '../../../test/support/browser.ts';
import {
  BACK_OF,
  type OpenIdProvider,
  startOpenIdProvider,
} from '../../../test/support/open-id-provider.ts';
import {
  CLIENT,
  cookieOf,
  type House,
  leaving,
  linkIn,
  logIn,
  pathOf,
  SERVER,
  withApi,
  withProvider,
} from '../../../test/support/sign-in-house.ts';
import { sweepExpired } from '../../storage/accounts/expired.ts';

test('a client is told by whom its user can sign in', async () => {
  await using house = await withProvider({ icon: 'mxc://example.org/i', brand: 'company' });
  const { flows } = (await house.api.ask('GET /login')).body;
  expect(flows).toContainEqual({
    type: 'm.login.sso',
    identity_providers: [
      { id: 'company', name: 'The Company', icon: 'mxc://example.org/i', brand: 'company' },
    ],
  });
  await using alone = await startApi();
  expect(JSON.stringify((await alone.ask('GET /login')).body)).not.toContain('m.login.sso');
  expect((await fetch(`${alone.origin}${pathOf(leaving())}`)).status).toBe(404);
});

test('whoever signs in for the first time has an account by the name that the provider gives them', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'Ada', name: 'Ada Lovelace' };
  const session = await logIn(house, await house.signIn('ada'));
  expect(session).toMatchObject({ status: 200, body: { user_id: '@ada:example.org' } });
  const profile = await house.api.ask('GET /profile/@ada:example.org', {
    token: session.body.access_token,
  });
  expect(profile.body.displayname).toBe('Ada Lovelace');
});

test('whoever signs in again is the same user, whatever their provider calls them by then', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  await house.signIn('ada');
  house.provider.people.ada = { preferred_username: 'countess' };
  const again = await logIn(house, await house.signIn('ada'));
  expect(again.body.user_id).toBe('@ada:example.org');
  const [accounts] = await house.api.fresh.database.query<{ count: number }>(
    'accounts',
    'SELECT count(*) AS count FROM account',
  );
  expect(accounts!.count).toBe(1);
});

test('the page names who gets the token, and an app that the operator trusts gets it at once', async () => {
  await using house = await withProvider({}, { signInClients: ['https://app.example.org/chat'] });
  house.provider.people.ada = { preferred_username: 'ada' };
  const asked = await house.signIn('ada', 'https://app.example.org/chatter?a=b');
  expect(asked.status).toBe(200);
  expect(asked.text).toContain('Go on to app.example.org?');
  expect(asked.text).toContain('@ada:example.org');
  expect(linkIn(asked).searchParams.get('a')).toBe('b');
  const sent = await house.signIn('ada', 'https://app.example.org/chat/?a=b');
  expect(sent.url).toMatch(/^https:\/\/app\.example\.org\/chat\/\?a=b&loginToken=/);
});

test.each([
  ['javascript:alert(1)'],
  [' javascript:alert(1)'],
  ['JaVaScRiPt:alert(1)'],
  ['data:text/html,x'],
  ['/relative'],
  [`https://app.example.org/${'x'.repeat(1_200)}`],
])('no token goes to %s', async (redirectUrl) => {
  await using house = await withProvider();
  const answer = await house.browser.open(leaving(redirectUrl));
  expect(answer.status).toBe(400);
  expect(house.provider.asked.size).toBe(0);
});

test('an app with a scheme of its own gets its token, and no other one that stood in its address', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  const page = await house.signIn('ada', 'element://vector/webapp/?loginToken=evil&a=b');
  const link = linkIn(page);
  expect(link.protocol).toBe('element:');
  expect(link.searchParams.getAll('loginToken')).toEqual([expect.not.stringContaining('evil')]);
  expect((await logIn(house, page)).status).toBe(200);
});

test('whoever wants a name that is taken is asked for another one, and told why they cannot have it', async () => {
  await using house = await withProvider();
  await house.api.register('ada');
  house.provider.people.ada2 = { preferred_username: 'ada', name: 'Ada the Second' };
  const asked = await house.signIn('ada2');
  expect([asked.status, asked.text]).toEqual([200, expect.stringContaining('Choose a name')]);
  expect(asked.text).toContain('value="ada"');
  const refused = await house.browser.submit(asked, { localpart: 'ada' });
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('ada is taken')]);
  expect(refused.text).toContain('value="ada"');
  const made = await house.browser.submit(refused, { localpart: 'Ada2' });
  expect(await logIn(house, made)).toMatchObject({ body: { user_id: '@ada2:example.org' } });
  expect((await logIn(house, await house.signIn('ada2'))).body.user_id).toBe('@ada2:example.org');
});

test.each([
  [undefined, ''],
  ['Ada Lovelace!', 'adalovelace'],
  ['"><b>', 'b'],
])('a name that cannot be one (%s) is asked for', async (claimed, suggested) => {
  await using house = await withProvider();
  house.provider.people.ada = claimed === undefined ? {} : { preferred_username: claimed };
  const asked = await house.signIn('ada');
  expect(asked.text).toContain(`name="localpart" value="${suggested}"`);
  const made = await house.browser.submit(asked, { localpart: 'ada' });
  expect((await logIn(house, made)).body.user_id).toBe('@ada:example.org');
});

test('no name is taken by a form that another page has sent, nor by one whose cookie is gone', async () => {
  await using house = await withProvider();
  house.provider.people.ada = {};
  const asked = await house.signIn('ada');
  const forged = await house.browser.submit(asked, { localpart: 'ada', form_token: 'x' });
  expect(forged.status).toBe(400);
  const { cookies } = house.browser;
  house.browser.cookies = [];
  expect((await house.browser.submit(asked, { localpart: 'ada' })).status).toBe(400);
  house.browser.cookies = cookies;
  expect((await house.browser.submit(asked, { localpart: 'ada' })).status).toBe(200);
});

test('a name is given once, also to whoever has kept the cookie of their journey', async () => {
  await using house = await withProvider();
  house.provider.people.ada = {};
  const asked = await house.signIn('ada');
  const { cookies } = house.browser;
  expect((await house.browser.submit(asked, { localpart: 'ada' })).status).toBe(200);
  house.browser.cookies = cookies;
  const again = await house.browser.submit(asked, { localpart: 'ada2' });
  expect([again.status, again.text]).toEqual([400, expect.not.stringContaining('loginToken')]);
});

test('two tabs of somebody who comes for the first time make them one account', async () => {
  await using house = await withProvider();
  house.provider.people.ada = {};
  const first = await house.signIn('ada');
  const { cookies } = house.browser;
  const second = await house.signIn('ada');
  const tabs = [new Browser({ [SERVER]: house.api.origin }), house.browser] as const;
  tabs[0].cookies = cookies;
  const made = await Promise.all([
    tabs[0].submit(first, { localpart: 'ada' }),
    tabs[1].submit(second, { localpart: 'countess' }),
  ]);
  const users = await Promise.all(
    made.map(async (page) => (await logIn(house, page)).body.user_id),
  );
  expect(new Set(users).size).toBe(1);
});

test('an account that somebody made for themselves is theirs by its name only where the operator says so', async () => {
  for (const linksByName of [false, true]) {
    await using house = await withProvider({ linksByName });
    await house.api.register('ada');
    house.provider.people.ada = { preferred_username: 'ada' };
    const page = await house.signIn('ada');
    if (!linksByName) expect(page.text).toContain('Choose a name');
    else {
      expect((await logIn(house, page)).body.user_id).toBe('@ada:example.org');
      const byPassword = { type: 'm.login.password', user: 'ada', password: PASSWORD };
      expect((await house.api.ask('POST /login', { body: byPassword })).status).toBe(200);
    }
  }
});

test.each([['\u212aim'], ['@kim:example.org']])(
  'whoever is called %s at the provider is not whoever is called kim here',
  async (preferred_username) => {
    await using house = await withProvider({ linksByName: true });
    await house.api.register('kim');
    house.provider.people.eve = { preferred_username };
    expect((await house.signIn('eve')).text).toContain('Choose a name');
  },
);

test('whoever is given the name of somebody who has left their provider does not get into their account', async () => {
  await using house = await withProvider({ linksByName: true });
  await house.api.register('ada');
  house.provider.people.ada = { preferred_username: 'ada' };
  await house.signIn('ada');
  house.provider.people.eve = { preferred_username: 'ada' };
  expect((await house.signIn('eve')).text).toContain('Choose a name');
  expect((await logIn(house, await house.signIn('ada'))).body.user_id).toBe('@ada:example.org');
});

test('an account that one provider vouches for is not let out by another one that knows the name', async () => {
  await using first = await startOpenIdProvider({ id: 'first' });
  await using second = await startOpenIdProvider({ id: 'second', linksByName: true });
  await using house = await withApi([first, second]);
  first.people.ada = { preferred_username: 'ada' };
  second.people.eve = { preferred_username: 'ada' };
  await house.signIn('ada', CLIENT, 'first');
  const page = await house.signIn('eve', CLIENT, 'second');
  expect(page.text).toContain('Choose a name');
});

test('who has no account gets none where the operator makes them', async () => {
  await using house = await withProvider({ makesAccounts: false });
  house.provider.people.ada = { preferred_username: 'ada' };
  const page = await house.signIn('ada');
  expect([page.status, page.text]).toEqual([403, expect.stringContaining('no account here')]);
});

test('with several providers their user chooses, and no answer of one passes for that of another', async () => {
  await using first = await startOpenIdProvider({ id: 'first', name: 'First & Co' });
  await using second = await startOpenIdProvider({ id: 'second' });
  await using house = await withApi([first, second]);
  first.people.ada = { preferred_username: 'ada' };
  const choice = await house.browser.open(leaving());
  expect(choice.text).toContain('First &amp; Co');
  const links = [...choice.text.matchAll(/href="([^"]*)"/g)].map(([, link]) => link!);
  expect(links.map((link) => link.split('?')[0])).toEqual(['redirect/first', 'redirect/second']);
  const back = await house.backFrom('ada', CLIENT, 'first');
  const mixed = back.replace('/first/', '/second/');
  expect((await house.browser.open(mixed)).status).toBe(400);
  const claimed = new URL(back);
  claimed.searchParams.set('iss', second.issuer);
  expect((await house.browser.open(claimed.href)).status).toBe(403);
  expect((await house.browser.open(back)).status).toBe(200);
});

test('the way back is of the browser that went, and of that journey', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  const back = await house.backFrom('ada');
  const other = new Browser({ [SERVER]: house.api.origin });
  expect((await other.open(back)).status).toBe(400);
  await other.open(leaving());
  expect((await other.open(back)).status).toBe(400);
  const changed = new URL(back);
  changed.searchParams.set('state', 'x');
  expect((await house.browser.open(changed.href)).status).toBe(400);
  expect((await house.browser.open(back)).status).toBe(200);
});

test('a journey lets in once: not whoever has kept its cookie, either', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  const back = await house.backFrom('ada');
  const { cookies } = house.browser;
  expect((await house.browser.open(back)).status).toBe(200);
  expect((await house.browser.open(back)).status).toBe(400);
  house.browser.cookies = cookies;
  const again = await house.browser.open(back);
  expect(again.status).toBe(403);
  expect(again.text).not.toContain('loginToken');
});

test('a journey is over after a quarter of an hour, and what is kept of it goes', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  await house.signIn('ada');
  const back = await house.backFrom('ada');
  house.api.clock.ms += 15 * 60_000;
  expect((await house.browser.open(back)).status).toBe(400);
  house.api.clock.ms += 15 * 60_000;
  const { database } = house.api.fresh;
  const kept = () => database.query('ended', 'SELECT 1 FROM ended_sign_in');
  expect(await kept()).toHaveLength(1);
  await sweepExpired(database, { nowMs: house.api.clock.ms, limit: 100 });
  expect(await kept()).toHaveLength(0);
});

test('a repeat of the way back by a front is told what the first was told, and the token is one', async () => {
  await using house = await withProvider({}, { behindFront: true });
  house.provider.people.ada = { preferred_username: 'ada' };
  const back = await house.backFrom('ada');
  const headers = { cookie: cookieOf(house.browser), 'x-farol-request-id': 'front-1:1234' };
  const ask = async () => {
    const answer = await fetch(`${house.api.origin}${pathOf(back)}`, { headers });
    return [answer.status, answer.headers.get('set-cookie'), await answer.text()];
  };
  const first = await ask();
  expect(first[0]).toBe(200);
  expect(await ask()).toEqual(first);
});

test('whoever went away from one writer comes back to the next one', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  const back = await house.backFrom('ada');
  await using next = await startApi({
    ...{ publicUrl: SERVER, providers: [house.provider.settings], fresh: house.api.fresh },
  });
  const browser = new Browser({ [SERVER]: next.origin });
  browser.cookies = house.browser.cookies;
  expect((await browser.open(back)).status).toBe(200);
});

test('no provider lets anybody into an account that is closed or locked, and whoever is suspended may come in to read', async () => {
  await using house = await withProvider();
  house.provider.people.ada = { preferred_username: 'ada' };
  await logIn(house, await house.signIn('ada'));
  const token = await house.api.register('root', 'DESK', { admin: true });
  const put = (what: string, body: object) =>
    house.api.ask(`PUT /_matrix/client/v1/admin/${what}/@ada:example.org`, { token, body });
  await put('suspend', { suspended: true });
  expect((await house.signIn('ada')).status).toBe(200);
  await put('lock', { locked: true });
  const locked = await house.signIn('ada');
  expect([locked.status, locked.text]).toEqual([401, expect.stringContaining('locked')]);
  await put('lock', { locked: false });
  await house.api.ask('POST /_synapse/admin/v1/deactivate/@ada:example.org', { token, body: {} });
  const closed = await house.signIn('ada');
  expect([closed.status, closed.text]).toEqual([403, expect.stringContaining('deactivated')]);
});

test('a provider that is away is told of in a sentence, and asked again when somebody comes again', async () => {
  const provider = await startOpenIdProvider();
  await using house = await withApi([provider]);
  await provider[Symbol.asyncDispose]();
  const page = await house.browser.open(leaving());
  expect([page.status, page.text]).toEqual([
    502,
    expect.stringContaining('The Company, by which you sign in, cannot be reached'),
  ]);
  await using again = await startOpenIdProvider(
    {},
    { port: Number(new URL(provider.issuer).port) },
  );
  again.people.ada = { preferred_username: 'ada' };
  expect((await house.signIn('ada')).status).toBe(200);
});

test('whoever is not let in by their provider is told so', async () => {
  await using house = await withProvider();
  const state = new URL(await house.leave()).searchParams.get('state')!;
  const said = { error: 'access_denied', state, iss: house.provider.issuer };
  const page = await house.browser.open(`${BACK_OF('company')}?${new URLSearchParams(said)}`);
  expect([page.status, page.text]).toEqual([403, expect.stringContaining('access_denied')]);
});

test('what is kept in the browser cannot be read there, is sent to this server alone, and never to a script', async () => {
  await using house = await withProvider();
  const answer = await fetch(`${house.api.origin}${pathOf(leaving())}`, { redirect: 'manual' });
  const line = answer.headers.get('set-cookie')!;
  expect(line).toMatch(
    /^__Host-farol-sign-in=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=900$/,
  );
  const sealed = Buffer.from(/=([\w-]+);/.exec(line)![1]!, 'base64url').toString('latin1');
  expect(sealed).not.toContain('app.example.org');
  const location = new URL(answer.headers.get('location')!);
  expect(location.searchParams.get('code_challenge_method')).toBe('S256');
  expect(location.searchParams.get('nonce')).toMatch(/^[\w-]{43}$/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('where a provider has its doors is asked once by all who come', async () => {
  await using house = await withProvider();
  await Promise.all(
    [1, 2, 3].map(() => fetch(`${house.api.origin}${pathOf(leaving())}`, { redirect: 'manual' })),
  );
  expect(house.provider.asked.get('/.well-known/openid-configuration')).toBe(1);
});

test('whoever has no password proves by their provider what others prove by theirs', async () => {
  await using house = await withProvider();
  const { session, token } = await wanting(house);
  house.provider.people.eve = { preferred_username: 'eve' };
  await house.signIn('eve');
  const early = await deleting(house, token, { session, type: 'm.login.sso' });
  expect([early.status, early.body.flows]).toEqual([401, [{ stages: ['m.login.sso'] }]]);
  const page = await house.browser.open(stageOf(session));
  expect(page.text).toContain('@ada:example.org');
  const prove = new URL(linkPathIn(page), SERVER).href;
  const other = await house.browser.open(await house.through(prove, 'eve'));
  expect([other.status, other.text]).toEqual([403, expect.stringContaining('@ada:example.org')]);
  expect((await deleting(house, token, { session })).status).toBe(401);
  const back = await house.through(prove, 'ada');
  const { cookies } = house.browser;
  const done = await house.browser.open(back);
  expect([done.status, done.text]).toEqual([200, expect.stringContaining('authDone')]);
  house.browser.cookies = cookies;
  expect((await house.browser.open(back)).status).toBe(403);
  expect((await deleting(house, token, { session })).status).toBe(200);
});

test.each(['cross-site', 'same-site', 'none'])(
  'whoever was sent to the provider by a link of others (%s) is told first what for',
  async (site) => {
    await using house = await withProvider();
    const { session } = await wanting(house);
    const page = await house.browser.open(stageOf(session));
    const at = `${house.api.origin}${linkPathIn(page)}`;
    const open = (from: string) =>
      fetch(at, { redirect: 'manual', headers: { 'sec-fetch-site': from } });
    const sent = await open(site);
    expect([sent.status, await sent.text()]).toEqual([200, page.text]);
    expect((await open('same-origin')).status).toBe(302);
  },
);

test('at the provider it is asked for a new login, and not only for the browser that had one', async () => {
  await using house = await withProvider();
  const { session } = await wanting(house);
  const page = await house.browser.open(stageOf(session));
  const door = await house.leaveBy(new URL(linkPathIn(page), SERVER).href);
  const { searchParams } = new URL(door);
  expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '0']);
  const atLogin = new URL(await house.leave()).searchParams;
  expect([atLogin.get('prompt'), atLogin.get('max_age')]).toEqual([null, null]);
});

test.each([
  ['takes the new login out of the address', true, {}, 403],
  ['asks for one that may be old', true, { max_age: '10000' }, 403],
  [
    'asks for one that may be old, and the operator does not mind',
    false,
    { max_age: '10000' },
    200,
  ],
])(
  'at an unlocked browser, whoever %s proves by an old login what the operator lets them',
  async (_, checksLoginTime, asked, status) => {
    await using house = await withProvider({ checksLoginTime });
    const { session, token } = await wanting(house);
    const there = await loggedInLongAgo(house, 'ada');
    const page = await house.browser.open(stageOf(session));
    const door = new URL(await house.leaveBy(new URL(linkPathIn(page), SERVER).href));
    for (const name of ['prompt', 'max_age']) door.searchParams.delete(name);
    for (const [name, value] of Object.entries(asked)) door.searchParams.set(name, value);
    const back = await house.browser.open((await there.open(door.href)).url);
    expect(back.status).toBe(status);
    expect((await deleting(house, token, { session })).status).toBe(status === 200 ? 200 : 401);
  },
);

/** A browser that is signed in at the provider, and has been for five minutes. */
async function loggedInLongAgo(house: House, login: string): Promise<Browser> {
  const there = new Browser({});
  const door = await house.leave();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 300_000 });
  try {
    let page = await there.submit(await there.open(door), { login, password: 'x' });
    while (page.status !== 0) page = await there.submit(page);
  } finally {
    vi.useRealTimers();
  }
  return there;
}

test('a provider proves who somebody is also where its issuer is written down with a slash at its end', async () => {
  await using provider = await startOpenIdProvider();
  const settings = { ...provider.settings, issuer: `${provider.issuer}/` };
  await using house = await withApi([{ ...provider, settings }]);
  const { session } = await wanting({ ...house, provider });
  expect((await house.browser.open(stageOf(session))).text).toContain('@ada:example.org');
});

test('who has a password and a provider chooses, and a stage that was not asked for has no page', async () => {
  await using house = await withProvider({ linksByName: true });
  const token = await house.api.register('ada', 'PHONE');
  const before = await deleting(house, token);
  expect(before.body.flows).toEqual([{ stages: ['m.login.password'] }]);
  expect((await house.browser.open(stageOf(before.body.session))).status).toBe(400);
  house.provider.people.ada = { preferred_username: 'ada' };
  await house.signIn('ada');
  expect((await deleting(house, token)).body.flows).toEqual([
    { stages: ['m.login.password'] },
    { stages: ['m.login.sso'] },
  ]);
});

/** Ada, who has no password, and wants to remove her device. */
async function wanting(house: House & { provider: OpenIdProvider }) {
  house.provider.people.ada = { preferred_username: 'ada' };
  const { body } = await logIn(house, await house.signIn('ada'), 'PHONE');
  const token = body.access_token as string;
  const asked = await deleting(house, token);
  return { token, session: asked.body.session as string };
}

const deleting = ({ api }: House, token: string, auth?: object) =>
  api.ask('DELETE /devices/PHONE', { token, body: { ...(auth && { auth }) } });

const stageOf = (session: string) =>
  `${SERVER}/_matrix/client/v3/auth/m.login.sso/fallback/web?session=${session}`;

const linkPathIn = ({ text }: Seen) => /<a href="([^"]*)"/.exec(text)![1]!.replaceAll('&amp;', '&');
