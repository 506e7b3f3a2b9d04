import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { ThirdParties } from '../../app-services/third-parties.ts';
import type { AppService } from '../../protocol/app-service.ts';
import type { UserId } from '../../protocol/identifiers.ts';

/** Application services that bridge to IRC answer by HTTP, as bridges do. */

const IRC = {
  user_fields: ['network', 'nickname'],
  location_fields: ['network', 'channel'],
  icon: 'mxc://example.org/irc',
  field_types: { nickname: { regexp: '[^\\s]+', placeholder: 'nick' } },
  instances: [{ network_id: 'libera', desc: 'Libera', fields: { network: 'libera' } }],
};
const ROOM = { alias: '#irc_matrix:example.org', protocol: 'irc', fields: { channel: '#matrix' } };
const NICK = { userid: '@_irc_nick:example.org', protocol: 'irc', fields: { nickname: 'nick' } };

test('protocols are described as the bridges describe them, with an id for each network', async () => {
  const bridge = await startBridge({ 'protocol/irc': IRC });
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  const described = {
    ...IRC,
    instances: [{ ...IRC.instances[0], instance_id: 'irc|libera' }],
  };
  expect(await ask(api, 'protocols')).toEqual([200, { irc: described }]);
  expect(await ask(api, 'protocol/irc')).toEqual([200, described]);
  expect(bridge.seen).toEqual(['GET protocol/irc Bearer hs-irc']);
});

test('of two bridges to one protocol the networks of both are told', async () => {
  const [one, other] = [
    await startBridge({ 'protocol/irc': IRC }),
    await startBridge({ 'protocol/irc': { instances: [{ network_id: 'oftc' }, 'none', {}] } }),
  ];
  const services = [serviceAt(one.url), serviceAt(other.url, 'irc2')];
  await using api = await startApi({ appServices: services });
  const [, { instances }] = await ask(api, 'protocol/irc');
  expect(instances.map((each: { instance_id: string }) => each.instance_id)).toEqual([
    'irc|libera',
    'irc2|oftc',
  ]);
  expect(instances[1]).toEqual({
    ...{ network_id: 'oftc', desc: 'oftc', fields: {}, instance_id: 'irc2|oftc' },
  });
});

test('what a bridge leaves out of its description is empty', async () => {
  const bridge = await startBridge({ 'protocol/irc': { instances: [] } });
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  expect(await ask(api, 'protocol/irc')).toEqual([
    200,
    { user_fields: [], location_fields: [], icon: '', field_types: {}, instances: [] },
  ]);
});

test('a protocol that no bridge names, describes, or describes well is unknown', async () => {
  const bridge = await startBridge({ 'protocol/gitter': { instances: 'many' } });
  const protocols = ['irc', 'gitter'];
  await using api = await startApi({ appServices: [{ ...serviceAt(bridge.url), protocols }] });
  for (const name of ['irc', 'gitter', 'xmpp', '__proto__'])
    expect(await errorOf(api, `protocol/${name}`)).toEqual([404, 'M_NOT_FOUND']);
  expect(await ask(api, 'protocols')).toEqual([200, {}]);
});

test('rooms and users of a network are found by the fields that the client gives', async () => {
  const bridge = await startBridge({
    'location/irc?network=libera&channel=%23matrix': [ROOM, { alias: 7 }],
    'user/irc?nickname=nick': [NICK],
  });
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  expect(await ask(api, 'location/irc?network=libera&channel=%23matrix')).toEqual([200, [ROOM]]);
  expect(await ask(api, 'user/irc?nickname=nick')).toEqual([200, [NICK]]);
});

test('an alias and a user id lead to where in the networks they are', async () => {
  const [alias, userid] = [ROOM.alias, NICK.userid].map(encodeURIComponent);
  const bridge = await startBridge({
    [`location?alias=${alias}`]: [ROOM],
    [`user?userid=${userid}`]: [NICK],
  });
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  expect(await ask(api, `location?alias=${alias}`)).toEqual([200, [ROOM]]);
  expect(await ask(api, `user?userid=${userid}`)).toEqual([200, [NICK]]);
});

test('what no bridge knows is not found', async () => {
  const bridge = await startBridge({ 'user/irc?nickname=none': [] });
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  for (const path of ['user/irc?nickname=none', 'user/irc', 'location/irc', 'user/xmpp'])
    expect(await errorOf(api, path)).toEqual([404, 'M_NOT_FOUND']);
  await using bare = await startApi();
  expect(await errorOf(bare, 'user/irc')).toEqual([404, 'M_NOT_FOUND']);
  expect(await ask(bare, 'protocols')).toEqual([200, {}]);
});

test('where a bridge does not answer nobody is told that there is nothing, unless another knows', async () => {
  const [dead, alive] = [
    await startBridge({}),
    await startBridge({ 'user/irc?nickname=nick': [NICK] }),
  ];
  await dead.close();
  const services = [serviceAt(dead.url), serviceAt(alive.url, 'irc2')];
  await using api = await startApi({ appServices: services });
  expect(await ask(api, 'user/irc?nickname=nick')).toEqual([200, [NICK]]);
  expect(await errorOf(api, 'user/irc?nickname=other')).toEqual([502, 'M_CONNECTION_FAILED']);
});

test.each(['location', 'user', 'location?alias=none', 'user?userid=none', 'user/irc?a=1&a=2'])(
  'GET /thirdparty/%s asks for what is missing or wrong',
  async (path) => {
    await using api = await startApi();
    const [status, errcode] = await errorOf(api, path);
    expect([status, ['M_MISSING_PARAM', 'M_INVALID_PARAM'].includes(errcode)]).toEqual([400, true]);
  },
);

test('a bridge that answers to nobody in time is away, and is not asked again at once', async () => {
  let nowMs = 0;
  const bridge = await startBridge({ 'protocol/irc': 'silence' });
  const parties = new ThirdParties([serviceAt(bridge.url)], {
    ...{ answersWithinMs: 50, now: () => nowMs },
  });
  const away = { status: 502, errcode: 'M_CONNECTION_FAILED' };
  for (const seen of [1, 1]) {
    await expect(parties.protocol('irc')).rejects.toMatchObject(away);
    expect(bridge.seen).toHaveLength(seen);
  }
  expect(await parties.protocols()).toEqual({});
  nowMs = 10_000;
  await expect(parties.protocol('irc')).rejects.toMatchObject(away);
  expect(bridge.seen).toHaveLength(2);
});

test('a protocol whose bridge is away is no unknown one', async () => {
  const bridge = await startBridge({});
  await bridge.close();
  await using api = await startApi({ appServices: [serviceAt(bridge.url)] });
  expect(await errorOf(api, 'protocol/irc')).toEqual([502, 'M_CONNECTION_FAILED']);
  expect(await errorOf(api, 'protocol/xmpp')).toEqual([404, 'M_NOT_FOUND']);
});

test('what a bridge has said of itself holds on while it is away, and no longer than that', async () => {
  let nowMs = 0;
  const answers: Record<string, unknown> = { 'protocol/irc': IRC };
  const bridge = await startBridge(answers);
  const parties = new ThirdParties([serviceAt(bridge.url)], { now: () => nowMs });
  const icon = async () => (await parties.protocol('irc')).icon;
  expect(await icon()).toBe(IRC.icon);
  answers['protocol/irc'] = 'broken';
  for (const seen of [2, 3]) {
    nowMs += 3_600_000;
    expect(await icon()).toBe(IRC.icon);
    expect(bridge.seen).toHaveLength(seen);
  }
  nowMs += 10_000;
  answers['protocol/irc'] = { ...IRC, icon: 'mxc://example.org/new' };
  expect(await icon()).toBe('mxc://example.org/new');
  delete answers['protocol/irc'];
  nowMs += 3_600_000;
  await expect(parties.protocol('irc')).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
});

test('one bridge that hangs takes no places from questions to the others', async () => {
  const [hanging, other] = [
    await startBridge({ user: 'silence' }),
    await startBridge({ 'user/xmpp?a=1': [{ ...NICK, protocol: 'xmpp' }] }),
  ];
  const xmpp = { ...serviceAt(other.url, 'xmpp'), protocols: ['xmpp'] };
  const parties = new ThirdParties([serviceAt(hanging.url), xmpp], { answersWithinMs: 60_000 });
  const find = (user: string, protocol: string) =>
    parties.find(`@${user}:example.org` as UserId, { what: 'user', protocol, fields: { a: '1' } });
  const waiting = [...Array(16).keys()].flatMap((n) => [
    find(`user${n}`, 'irc'),
    find(`user${n}`, 'irc'),
  ]);
  await expect(find('another', 'irc')).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  expect(await find('another', 'xmpp')).toHaveLength(1);
  expect(await find('user0', 'xmpp')).toHaveLength(1);
  await hanging.close();
  await Promise.allSettled(waiting);
});

test('one user has at most two questions under way, and all together have an end too', async () => {
  const bridge = await startBridge({ user: 'silence' });
  const parties = new ThirdParties([serviceAt(bridge.url)], { answersWithinMs: 60_000 });
  const find = (user: string) =>
    parties.find(`@${user}:example.org` as UserId, { what: 'user', protocol: 'irc', fields: {} });
  const waiting = [...Array(16).keys()].flatMap((n) => [find(`user${n}`), find(`user${n}`)]);
  await expect(find('user0')).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  await expect(find('another')).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  await bridge.close();
  for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
  await expect(find('another')).rejects.toMatchObject({ errcode: 'M_CONNECTION_FAILED' });
});

const serviceAt = (url: string, id = 'irc'): AppService => ({
  ...{ id, url, asToken: `as-${id}`, hsToken: `hs-${id}` },
  sender: `@${id}:example.org` as UserId,
  namespaces: { users: [], aliases: [], rooms: [] },
  ...{ isRateLimited: true, receivesEphemeral: false, protocols: ['irc'] },
});

const tokens = new WeakMap<ApiServer, string>();

async function ask(api: ApiServer, path: string) {
  const token = tokens.get(api) ?? (await api.register('alice'));
  tokens.set(api, token);
  const { status, body } = await api.ask(`GET /thirdparty/${path}`, { token });
  return [status, body] as const;
}

async function errorOf(api: ApiServer, path: string): Promise<[number, string]> {
  const [status, { errcode }] = await ask(api, path);
  return [status, errcode];
}

/** Answers 404 to what it was not told an answer of, and nothing at all where that is silence. */
async function startBridge(answers: Record<string, unknown>) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const asked = request.url!.replace('/_matrix/app/v1/thirdparty/', '');
    seen.push(`${request.method} ${asked} ${request.headers.authorization}`);
    const answer = answers[asked] ?? answers[asked.split('/')[0]!];
    if (answer === 'silence') return;
    if (answer === 'broken') return void response.writeHead(500).end();
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
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
