import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiServer, type Ask, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { AppService } from '../../protocol/app-service.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const BOT = '@bridge:example.org';
const GHOST = '@_irc_nick:example.org';
const GHOSTS = /^(?:@_irc_.*:example\.org)/u;

const service = (instead: Partial<AppService> = {}): AppService => ({
  ...{ id: 'irc', url: undefined, asToken: 'as-secret', hsToken: 'hs-secret' },
  sender: BOT as UserId,
  namespaces: {
    users: [{ isExclusive: true, regex: GHOSTS }],
    aliases: [{ isExclusive: true, regex: /^(?:#irc_.*:example\.org)/u }],
    rooms: [],
  },
  ...{ isRateLimited: true, receivesEphemeral: false, protocols: [] },
  ...instead,
});

const OTHER = service({
  ...{ id: 'xmpp', asToken: 'other-secret', sender: '@xmpp:example.org' as UserId },
  namespaces: { users: [{ isExclusive: true, regex: /^@_xmpp_/u }], aliases: [], rooms: [] },
});

const start = (instead: Partial<AppService> = {}, options = {}) =>
  startApi({ appServices: [service(instead), OTHER], ...options });

const asBridge = (api: ApiServer, request: string, ask: Ask = {}) =>
  api.ask(request, { token: 'as-secret', ...ask });

const TYPE = 'm.login.application_service';
const makeGhost = (api: ApiServer, username = '_irc_nick', more = {}) =>
  asBridge(api, 'POST /register', { body: { type: TYPE, username, inhibit_login: true, ...more } });

const errorOf = ({ status, body }: { status: number; body: { errcode?: string } }) => [
  status,
  body.errcode,
];

test('it is its sender, and whichever of its users it names', async () => {
  await using api = await start();
  expect((await asBridge(api, 'GET /account/whoami')).body).toEqual({
    ...{ user_id: BOT, is_guest: false },
  });
  expect((await makeGhost(api)).body).toEqual({ user_id: GHOST });
  const { body } = await asBridge(api, `GET /account/whoami?user_id=${GHOST}`);
  expect(body).toEqual({ user_id: GHOST, is_guest: false });
});

test('it shows rooms in directories of its networks, which are told to whoever asks for these', async () => {
  await using fresh = await freshDatabase();
  await using first = await start({}, { fresh });
  let api = first;
  const token = await api.register('alice');
  const create = async (body: object): Promise<string> =>
    (await api.ask('POST /createRoom', { token, body })).body.room_id;
  const open = await create({ visibility: 'public' });
  const bridged = await create({ preset: 'public_chat' });
  const at = (network: string, roomId = bridged) =>
    `PUT /directory/list/appservice/${encodeURIComponent(network)}/${encodeURIComponent(roomId)}`;
  const list = (visibility: string, network = 'libera/irc') =>
    asBridge(api, at(network), { body: { visibility } });
  const found = async (body: object) => {
    const { chunk } = (await api.ask('POST /publicRooms', { token, body })).body;
    return (chunk as { room_id: string }[]).map((each) => each.room_id).sort();
  };
  const here = { third_party_instance_id: 'irc|libera/irc' };
  expect(await found(here)).toEqual([]);
  expect(await list('public')).toEqual({ status: 200, body: {} });
  expect((await list('public')).status).toBe(200);
  expect(await found(here)).toEqual([bridged]);
  expect(await found({})).toEqual([open]);
  expect(await found({ include_all_networks: true })).toEqual([open, bridged].sort());
  expect(await found({ third_party_instance_id: 'irc|other' })).toEqual([]);
  expect(await found({ third_party_instance_id: 'xmpp|libera/irc' })).toEqual([]);
  const ofServer = `GET /directory/list/room/${encodeURIComponent(bridged)}`;
  expect((await api.ask(ofServer)).body).toEqual({ visibility: 'private' });
  await list('private', 'other');
  await first.writer.close();
  await using later = await start({}, { fresh });
  api = later;
  expect(await found(here)).toEqual([bridged]);
  expect((await list('private')).status).toBe(200);
  expect([await found(here), await found({ include_all_networks: true })]).toEqual([[], [open]]);
});

test.each<[string, string, string, object, number, string]>([
  ['a user', 'alice', '!room', { visibility: 'public' }, 403, 'M_FORBIDDEN'],
  ['a room that is not there', 'as-secret', '!none', { visibility: 'public' }, 404, 'M_NOT_FOUND'],
  ['no visibility', 'as-secret', '!room', {}, 400, 'M_BAD_JSON'],
  ['another visibility', 'as-secret', '!room', { visibility: 'x' }, 400, 'M_BAD_JSON'],
])(
  'nothing is shown in the directory of a network by %s',
  async (_by, who, room, body, status, errcode) => {
    await using api = await start();
    const alice = await api.register('alice');
    const made = await api.ask('POST /createRoom', {
      token: alice,
      body: { preset: 'public_chat' },
    });
    const roomId = encodeURIComponent(room === '!room' ? made.body.room_id : '!none:example.org');
    const token = who === 'alice' ? alice : who;
    const reply = await api.ask(`PUT /directory/list/appservice/irc/${roomId}`, { token, body });
    expect(errorOf(reply)).toEqual([status, errcode]);
    const all = { token: alice, body: { include_all_networks: true } };
    expect((await api.ask('POST /publicRooms', all)).body.chunk).toEqual([]);
  },
);

test('it is nobody who is not in its namespaces, or whom it has not registered', async () => {
  await using api = await start();
  await api.register('alice');
  const as = async (userId: string) =>
    errorOf(await asBridge(api, `GET /account/whoami?user_id=${encodeURIComponent(userId)}`));
  expect(await as('@alice:example.org')).toEqual([403, 'M_FORBIDDEN']);
  expect(await as('@xmpp:example.org')).toEqual([403, 'M_FORBIDDEN']);
  expect(await as(GHOST)).toEqual([403, 'M_FORBIDDEN']);
  expect(await as('@_irc_nick:elsewhere.org')).toEqual([403, 'M_FORBIDDEN']);
  expect(await as('nick')).toEqual([400, 'M_INVALID_PARAM']);
});

test('a user_id in the query of somebody who is no application service changes nothing', async () => {
  await using api = await start();
  await makeGhost(api);
  const token = await api.register('alice');
  const { body } = await api.ask(`GET /account/whoami?user_id=${GHOST}`, { token });
  expect(body.user_id).toBe('@alice:example.org');
});

test('it calls on a device of the user, and on none that is not theirs', async () => {
  await using api = await start();
  await makeGhost(api);
  const on = (device: string) =>
    asBridge(api, `GET /account/whoami?user_id=${GHOST}&device_id=${device}`);
  expect(errorOf(await on('BRIDGE'))).toEqual([400, 'M_UNKNOWN_DEVICE']);
  const put = () =>
    asBridge(api, `PUT /devices/BRIDGE?user_id=${GHOST}`, { body: { display_name: 'IRC' } });
  expect((await put()).status).toBe(201);
  expect((await put()).status).toBe(200);
  expect((await on('BRIDGE')).body).toMatchObject({ user_id: GHOST, device_id: 'BRIDGE' });
  // Without a password, as nobody could prove one; and from then on the device is unknown again.
  expect((await asBridge(api, `DELETE /devices/BRIDGE?user_id=${GHOST}`)).status).toBe(200);
  expect(errorOf(await on('BRIDGE'))).toEqual([400, 'M_UNKNOWN_DEVICE']);
});

test('what belongs to a device asks it for one', async () => {
  await using api = await start();
  for (const request of ['GET /sync', 'POST /logout', 'POST /keys/upload'])
    expect(
      errorOf(await asBridge(api, request, request.startsWith('GET') ? {} : { body: {} })),
    ).toEqual([400, 'M_MISSING_PARAM']);
});

test('nobody else has a name that it keeps for itself', async () => {
  await using api = await start();
  const register = (username: string) =>
    api.ask('POST /register', { body: { username, password: PASSWORD } });
  for (const name of ['_irc_nick', 'bridge', '_IRC_Nick', 'xmpp'])
    expect(errorOf(await register(name))).toEqual([400, 'M_EXCLUSIVE']);
  const available = await api.ask('GET /register/available?username=_irc_nick');
  expect(errorOf(available)).toEqual([400, 'M_EXCLUSIVE']);
  expect(errorOf(await makeGhost(api, '_xmpp_nick'))).toEqual([400, 'M_EXCLUSIVE']);
  expect(errorOf(await makeGhost(api, 'carol'))).toEqual([400, 'M_EXCLUSIVE']);
  expect((await api.ask('GET /register/available?username=carol')).status).toBe(200);
});

test('it registers and logs its users in without a password, and nobody else does so', async () => {
  await using api = await start({}, { registration: 'closed' });
  const made = await makeGhost(api, '_irc_nick', { inhibit_login: false, device_id: 'D' });
  expect(made.body).toMatchObject({ user_id: GHOST, device_id: 'D' });
  expect(errorOf(await makeGhost(api))).toEqual([400, 'M_USER_IN_USE']);
  const login = (user: string, token?: string) =>
    api.ask('POST /login', {
      token,
      body: { type: TYPE, identifier: { type: 'm.id.user', user } },
    });
  const { body } = await login('_irc_nick', 'as-secret');
  expect((await api.ask('GET /account/whoami', { token: body.access_token })).body).toMatchObject({
    user_id: GHOST,
  });
  const alice = await api.register('alice');
  expect(errorOf(await login('_irc_nick'))).toEqual([403, 'M_FORBIDDEN']);
  expect(errorOf(await login('_irc_nick', alice))).toEqual([403, 'M_FORBIDDEN']);
  expect(errorOf(await login('alice', 'as-secret'))).toEqual([400, 'M_EXCLUSIVE']);
  expect(errorOf(await login('_irc_nick', 'other-secret'))).toEqual([400, 'M_EXCLUSIVE']);
  const asked = { type: TYPE, username: '_irc_b' };
  expect(errorOf(await api.ask('POST /register', { body: asked }))).toEqual([403, 'M_FORBIDDEN']);
  expect((await api.ask('GET /login')).body.flows).toContainEqual({ type: TYPE });
});

test('of an account that was closed it is no longer the user, nor logs it in', async () => {
  await using api = await start();
  await makeGhost(api);
  expect((await asBridge(api, `GET /account/whoami?user_id=${GHOST}`)).status).toBe(200);
  await api.features.deactivation.deactivate(
    { userId: GHOST as UserId, erase: false },
    { outcome: () => undefined },
    {},
  );
  expect(errorOf(await asBridge(api, `GET /account/whoami?user_id=${GHOST}`))).toEqual([
    ...[403, 'M_FORBIDDEN'],
  ]);
  const body = { type: TYPE, identifier: { type: 'm.id.user', user: GHOST } };
  expect(errorOf(await asBridge(api, 'POST /login', { body }))).toEqual([
    403,
    'M_USER_DEACTIVATED',
  ]);
});

test('what it says of the time stands in events, and what others say does not', async () => {
  await using api = await start();
  const [{ body: room }, alice] = [
    await asBridge(api, 'POST /createRoom', { body: { preset: 'public_chat' } }),
    await api.register('alice'),
  ];
  const at = `/rooms/${encodeURIComponent(room.room_id)}`;
  await api.ask(`POST ${at}/join`, { token: alice, body: {} });
  const timeOf = async (request: string, token: string) => {
    const { body } = await api.ask(request, { token, body: { body: 'x', msgtype: 'm.text' } });
    return (await api.ask(`GET ${at}/event/${body.event_id}`, { token })).body.origin_server_ts;
  };
  expect(await timeOf(`PUT ${at}/send/m.room.message/1?ts=1234`, 'as-secret')).toBe(1_234);
  expect(await timeOf(`PUT ${at}/state/org.example.old?ts=99`, 'as-secret')).toBe(99);
  // Others could not verify it any more where the signing key is changed.
  const later = `ts=${api.clock.ms + 600_000}`;
  expect(await timeOf(`PUT ${at}/send/m.room.message/2?${later}`, 'as-secret')).toBe(api.clock.ms);
  expect(await timeOf(`PUT ${at}/state/org.example.later?${later}`, 'as-secret')).toBe(
    api.clock.ms,
  );
  expect(await timeOf(`PUT ${at}/send/m.room.message/1?ts=1234`, alice)).toBe(api.clock.ms);
});

test('what it says of the time stands in memberships, too', async () => {
  await using api = await start();
  const { body: room } = await asBridge(api, 'POST /createRoom', { body: {} });
  const { body: who } = await asBridge(api, 'GET /account/whoami', {});
  const at = `/rooms/${encodeURIComponent(room.room_id)}`;
  const { body } = await asBridge(api, `PUT ${at}/state/m.room.member/${who.user_id}?ts=77`, {
    body: { membership: 'join', displayname: 'Of old' },
  });
  const event = await asBridge(api, `GET ${at}/event/${body.event_id}`, {});
  expect(event.body).toMatchObject({ origin_server_ts: 77, content: { displayname: 'Of old' } });
});

test('a transaction of one of its users is not that of another', async () => {
  await using api = await start();
  await makeGhost(api);
  const { body: room } = await asBridge(api, 'POST /createRoom', { body: { invite: [GHOST] } });
  const at = `/rooms/${encodeURIComponent(room.room_id)}`;
  await asBridge(api, `POST ${at}/join?user_id=${GHOST}`, { body: {} });
  const send = async (as: string) => {
    const body = { msgtype: 'm.text', body: 'x' };
    return (await asBridge(api, `PUT ${at}/send/m.room.message/t1${as}`, { body })).body.event_id;
  };
  const first = await send('');
  expect(first).toMatch(/^\$/);
  expect(await send('')).toBe(first);
  expect(await send(`?user_id=${GHOST}`)).not.toBe(first);
});

test('of two services that act for one user without a device each has transactions of its own', async () => {
  const users = [{ isExclusive: false, regex: GHOSTS }];
  const namespaces = { users, aliases: [], rooms: [] };
  const puppet = service({
    ...{ id: 'puppet', asToken: 'puppet-secret', sender: '@puppet:example.org' as UserId },
    namespaces,
  });
  await using api = await startApi({ appServices: [service({ namespaces }), puppet] });
  await makeGhost(api);
  const as = `user_id=${GHOST}`;
  const { body: room } = await asBridge(api, `POST /createRoom?${as}`, { body: {} });
  const send = async (token: string, text: string) => {
    const path = `/rooms/${encodeURIComponent(room.room_id)}/send/m.room.message/t1?${as}`;
    const { body } = await api.ask(`PUT ${path}`, {
      token,
      body: { msgtype: 'm.text', body: text },
    });
    return body.event_id;
  };
  const [first, second] = [await send('as-secret', 'a'), await send('puppet-secret', 'b')];
  expect(second).not.toBe(first);
  expect(await send('as-secret', 'a')).toBe(first);
  expect(await send('puppet-secret', 'b')).toBe(second);
});

test('it names its users exactly, so that a name in capitals is none of theirs', async () => {
  await using api = await start();
  expect(errorOf(await makeGhost(api, '_irc_Nick'))).toEqual([400, 'M_INVALID_USERNAME']);
  await makeGhost(api);
  const login = async (user: string) =>
    errorOf(
      await asBridge(api, 'POST /login', {
        body: { type: TYPE, identifier: { type: 'm.id.user', user } },
      }),
    );
  for (const user of ['_irc_Nick', '@_irc_Nick:example.org'])
    expect(await login(user)).toEqual([403, 'M_FORBIDDEN']);
  for (const user of ['_irc_nick', GHOST]) expect(await login(user)).toEqual([200, undefined]);
});

test('others neither make nor take away the aliases that it keeps, nor does it others', async () => {
  await using api = await start();
  const alice = await api.register('alice');
  const { body: room } = await api.ask('POST /createRoom', {
    ...{ token: alice, body: { preset: 'public_chat' } },
  });
  await asBridge(api, `POST /rooms/${encodeURIComponent(room.room_id)}/join`, { body: {} });
  const put = (name: string, token: string) =>
    api.ask(`PUT /directory/room/${encodeURIComponent(`#${name}:example.org`)}`, {
      ...{ token, body: { room_id: room.room_id } },
    });
  expect(errorOf(await put('irc_a', alice))).toEqual([400, 'M_EXCLUSIVE']);
  expect(errorOf(await put('mine', 'as-secret'))).toEqual([400, 'M_EXCLUSIVE']);
  expect((await put('irc_a', 'as-secret')).status).toBe(200);
  const gone = await api.ask(`DELETE /directory/room/${encodeURIComponent('#irc_a:example.org')}`, {
    token: alice,
  });
  expect(errorOf(gone)).toEqual([400, 'M_EXCLUSIVE']);
  const named = (token: string, name: string) =>
    api.ask('POST /createRoom', { token, body: { room_alias_name: name } });
  expect(errorOf(await named(alice, 'irc_b'))).toEqual([400, 'M_EXCLUSIVE']);
  expect((await named('as-secret', 'irc_b')).status).toBe(200);
});

test('its sender has no limits, and its users have none where its registration says so', async () => {
  const rates = { read: { perSecond: 0.001, burst: 1 } };
  const seen = async (instead: Partial<AppService>) => {
    await using api = await start(instead, { rates });
    await makeGhost(api);
    const ask = async (as: string) => (await asBridge(api, `GET /account/whoami${as}`)).status;
    const sender = [await ask(''), await ask(''), await ask('')];
    const ghost = [await ask(`?user_id=${GHOST}`), await ask(`?user_id=${GHOST}`)];
    return { sender, ghost };
  };
  expect(await seen({ isRateLimited: true })).toEqual({
    ...{ sender: [200, 200, 200], ghost: [200, 429] },
  });
  expect((await seen({ isRateLimited: false })).ghost).toEqual([200, 200]);
});

test('at the next writer it is there at once, and its sender is not made a second time', async () => {
  await using fresh = await freshDatabase();
  for (const _turn of ['the first writer', 'the next one']) {
    await using api = await start({}, { fresh });
    expect((await asBridge(api, 'GET /account/whoami')).body.user_id).toBe(BOT);
  }
});

test('a ping says how long the service took to answer, with our token and its transaction', async () => {
  const bridge = await startBridge((_request, respond) => respond(200, '{}'));
  await using api = await start({ url: bridge.url });
  const { status, body } = await ping(api, { transaction_id: 't1' });
  expect([status, body]).toEqual([200, { duration_ms: expect.any(Number) }]);
  expect(bridge.seen).toEqual([
    'POST /_matrix/app/v1/ping Bearer hs-secret {"transaction_id":"t1"}',
  ]);
});

test('a ping says why the service was not reached', async () => {
  const bridge = await startBridge((_request, respond) => respond(401, '{"errcode":"M_NO"}'));
  await using refusing = await start({ url: bridge.url });
  expect(await ping(refusing)).toEqual({
    status: 502,
    body: expect.objectContaining({
      ...{ errcode: 'M_BAD_STATUS', status: 401, body: '{"errcode":"M_NO"}' },
    }),
  });
  await bridge.close();
  expect(errorOf(await ping(refusing))).toEqual([502, 'M_CONNECTION_FAILED']);
  await using silent = await start();
  expect(errorOf(await ping(silent))).toEqual([400, 'M_URL_NOT_SET']);
});

test('only the service itself asks for its ping', async () => {
  await using api = await start();
  const alice = await api.register('alice');
  for (const token of [alice, 'other-secret'])
    expect(errorOf(await ping(api, {}, token))).toEqual([403, 'M_FORBIDDEN']);
});

const ping = (api: ApiServer, body: object = {}, token = 'as-secret') =>
  api.ask('POST /_matrix/client/v1/appservice/irc/ping', { token, body });

async function startBridge(
  answer: (request: IncomingMessage, respond: (status: number, body: string) => void) => void,
) {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const said = await text(request);
    seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${said}`);
    answer(request, (status, body) => response.writeHead(status).end(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close };
}
