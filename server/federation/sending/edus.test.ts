import { beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/support/api-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { crossSigningKeys, deviceKey, deviceKeys } from '../../../test/support/cross-signing.ts';
import { type Home, memberOf, startHome } from '../../../test/support/federated-room.ts';
import { refuses, startPeer, takes } from '../../../test/support/federation-peer.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const alice = '@alice:example.org';

test('messages to devices of other servers arrive, each once by its id, also over a change of writer', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority, refuses(502));
  const them = memberOf(peer);
  const letter = (n: number) => ({ messages: { [them]: { DEVICE: { n }, '*': { n: -n } } } });
  await toDevice(home, letter(1));
  await expect.poll(() => peer.asked.length).toBeGreaterThan(0);
  await toDevice(home, letter(2));
  await home.restart('forgotten');
  await toDevice(home, letter(3));
  peer.behave(takes);
  await peer.asks(home.server.origin, 'example.org' as ServerName);
  await expect.poll(() => new Set(told().map(({ n }) => n))).toEqual(new Set([1, 2, 3]));
  expect(peer.edus('m.direct_to_device')[0]).toMatchObject({ sender: alice, type: 'org.letter' });
  expect(new Set(told().map(({ id, n }) => `${id} ${n}`)).size).toBe(3);
  await expect.poll(() => rowsIn(home, 'federation_outbox')).toBe(0);

  function told() {
    return peer.edus('m.direct_to_device').map(({ message_id: id, messages }) => {
      const { DEVICE } = (messages as Record<string, Record<string, { n: number }>>)[them]!;
      return { id, n: DEVICE!.n };
    });
  }
});

test('what lies there for a server that never was there is let go of, and nothing is left of it', async () => {
  const home = await startHome(authority, {
    ...{ firstPauseMs: 300, heldFailuresMax: 1, unknownFailuresMax: 4 },
  });
  const peer = await startPeer(authority, refuses(502));
  const to = (userId: string) => toDevice(home, { messages: { [userId]: { '*': { n: 1 } } } });
  expect((await to('@somebody:localhost:1')).status).toBe(200);
  expect(await rowsIn(home, 'federation_outbox')).toBe(1);
  const left = () =>
    Promise.all(['federation_outbox', 'federation_destination'].map((of) => rowsIn(home, of)));
  await expect.poll(left, { timeout: 20_000 }).toEqual([0, 0]);
  await peer.asks(home.server.origin, 'example.org' as ServerName);
  expect((await to(memberOf(peer))).status).toBe(200);
  await expect.poll(() => peer.asked.length, { timeout: 20_000 }).toBeGreaterThan(4);
  peer.behave(takes);
  await expect.poll(() => peer.edus('m.direct_to_device').length, { timeout: 20_000 }).toBe(1);
});

test('what lies there for a server with which there was nothing to do for months is not let go of because it fails, also over a change of writer', async () => {
  const home = await startHome(authority, { firstPauseMs: 5, heldFailuresMax: 1, saveEveryMs: 5 });
  const peer = await startPeer(authority);
  await home.member(peer);
  await home.say('long ago');
  await expect.poll(() => rowsIn(home, 'federation_destination')).toBe(1);
  await wasLastThere(home, home.server.clock.ms - 31 * 86_400_000);
  await home.restart('ended');
  peer.behave(refuses(502));
  const letter = { messages: { [memberOf(peer)]: { DEVICE: { n: 1 } } } };
  expect((await toDevice(home, letter)).status).toBe(200);
  await expect.poll(() => peer.asked.length).toBeGreaterThan(6);
  await home.restart('ended');
  peer.behave(takes);
  await peer.asks(home.server.origin, 'example.org' as ServerName);
  await expect.poll(() => peer.edus('m.direct_to_device').length).toBe(1);
});

test('nobody makes this server try many others of which nobody is in a room here', async () => {
  const home = await startHome(authority);
  const peers = [await startPeer(authority, refuses(502)), await startPeer(authority)];
  await home.member(peers[1]!);
  const to = (names: readonly string[]) =>
    toDevice(home, {
      messages: Object.fromEntries(names.map((name) => [`@a:${name}`, { '*': {} }])),
    });
  const invented = (count: number, port = 1) =>
    Array.from({ length: count }, (_, index) => `localhost:${port + index}`);
  expect(await to(invented(5_000))).toMatchObject({ status: 413 });
  expect(await rowsIn(home, 'federation_outbox')).toBe(0);
  expect((await to(invented(30))).status).toBe(200);
  expect(await to(invented(1, 40))).toMatchObject({
    ...{ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: expect.any(Number) } },
  });
  expect(await rowsIn(home, 'federation_outbox')).toBe(30);
  const known = { messages: { [memberOf(peers[1]!)]: { '*': { n: 1 } } } };
  expect((await toDevice(home, known)).status).toBe(200);
  await expect.poll(() => peers[1]!.edus('m.direct_to_device').length).toBe(1);
});

test('servers that share a room with a user hear that the devices of the user changed, and no others', async () => {
  const home = await startHome(authority);
  const [peer, stranger] = [await startPeer(authority), await startPeer(authority)];
  await home.member(peer);
  const body = { device_keys: deviceKeys(alice, 'PHONE', deviceKey('PHONE', 5)) };
  const token = await home.login('PHONE');
  expect((await home.server.ask('POST /keys/upload', { token, body })).status).toBe(200);
  await expect
    .poll(() => peer.edus('m.device_list_update').at(-1))
    .toMatchObject({
      ...{ user_id: alice, prev_id: [], stream_id: expect.any(Number) },
    });
  await home.member(stranger);
  await home.say('hello');
  await expect.poll(() => stranger.bodies()).toEqual(['hello']);
  expect(stranger.edus('m.device_list_update')).toEqual([]);
});

test('servers that share a room with a user are told their new cross-signing keys, once each, and not by which they verify others', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority);
  await home.member(peer);
  const token = await home.login('PHONE');
  const replace = async (keys: ReturnType<typeof crossSigningKeys>) => {
    const auth = {
      ...{ type: 'm.login.password', password: PASSWORD },
      identifier: { type: 'm.id.user', user: 'alice' },
    };
    const body = { ...keys.upload, auth };
    const { status } = await home.server.ask('POST /keys/device_signing/upload', { token, body });
    expect(status).toBe(200);
  };
  const told = () => peer.edus('m.signing_key_update');
  const [first, second] = [crossSigningKeys(alice, 40), crossSigningKeys(alice, 50)];
  const saidOf = ({ upload: { master_key, self_signing_key } }: typeof first) => ({
    ...{ user_id: alice, master_key, self_signing_key },
  });
  await replace(first);
  await expect.poll(() => told().at(-1)).toEqual(saidOf(first));
  const before = peer.edus('m.device_list_update').length;
  await home.server.ask('PUT /devices/PHONE', { token, body: { display_name: 'mine' } });
  await expect.poll(() => peer.edus('m.device_list_update').length).toBeGreaterThan(before);
  expect(told()).toHaveLength(1);
  await replace(second);
  await expect.poll(() => told().at(-1)).toEqual(saidOf(second));
  await expect.poll(() => rowsIn(home, 'federation_outbox')).toBe(0);
});

test('who joins a room is told to those servers in it that did not share one with them, also over a change of writer', async () => {
  const home = await startHome(authority);
  const [peer, stranger] = [await startPeer(authority), await startPeer(authority)];
  const bob = await home.server.register('bob');
  const heard = (by: typeof peer) => by.edus('m.device_list_update').map(({ user_id }) => user_id);
  const join = async (roomId: string) => {
    const invited = { token: home.token, body: { user_id: '@bob:example.org' } };
    await home.server.ask(`POST /rooms/${roomId}/invite`, invited);
    expect((await home.server.ask(`POST /join/${roomId}`, { token: bob, body: {} })).status).toBe(
      200,
    );
  };
  await home.member(peer);
  await home.say('before');
  await expect.poll(() => peer.bodies()).toEqual(['before']);
  const before = heard(peer);
  await join(home.roomId);
  await expect.poll(() => heard(peer)).toEqual([...before, '@bob:example.org']);
  const second = await home.addRoom();
  await home.member(peer, 'join', second);
  await home.member(stranger, 'join', second);
  await join(second);
  await expect.poll(() => heard(stranger)).toContain('@bob:example.org');
  await home.say('then', second);
  await expect.poll(() => peer.bodies()).toContain('then');
  expect(heard(peer)).toEqual([...before, '@bob:example.org']);
  await asIfNothingWasGiven(home);
  await expect
    .poll(() => heard(stranger).filter((each) => each === '@bob:example.org').length)
    .toBe(2);
});

test('that devices changed is told once by who comes next, however often they did while a server was away', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority, refuses(500));
  await home.member(peer);
  const token = await home.login('PHONE');
  for (const name of ['one', 'two', 'three'])
    await home.server.ask('PUT /devices/PHONE', { token, body: { display_name: name } });
  await expect.poll(() => rowsIn(home, 'federation_outbox')).toBe(1);
  await home.restart('ended');
  peer.behave(takes);
  await peer.asks(home.server.origin, 'example.org' as ServerName);
  await expect.poll(() => rowsIn(home, 'federation_outbox')).toBe(0);
  const streams = peer.edus('m.device_list_update').map(({ stream_id }) => Number(stream_id));
  expect(streams).toEqual(streams.toSorted((a, b) => a - b));
});

test('servers in a room hear who types there, and how far somebody has read for all to see', async () => {
  const home = await startHome(authority);
  const peer = await startPeer(authority);
  await home.member(peer);
  const [first, second] = [await home.say('one'), await home.say('two')];
  const { token, roomId } = home;
  const put = (what: string, body: object) =>
    home.server.ask(`PUT /rooms/${roomId}/${what}`, { token, body });
  await put(`typing/${alice}`, { typing: true, timeout: 30_000 });
  await put(`typing/${alice}`, { typing: false });
  const lastOf = (type: string) => peer.edus(type).at(-1);
  await expect
    .poll(() => lastOf('m.typing'))
    .toEqual({
      ...{ room_id: roomId, user_id: alice, typing: false },
    });
  const receipt = (type: string, eventId: string) =>
    home.server.ask(`POST /rooms/${roomId}/receipt/${type}/${eventId}`, { token, body: {} });
  await receipt('m.read', first);
  await receipt('m.read.private', second);
  await expect
    .poll(() => lastOf('m.receipt'))
    .toEqual({
      [roomId]: {
        'm.read': { [alice]: { data: { ts: expect.any(Number) }, event_ids: [first] } },
      },
    });
  expect(JSON.stringify(peer.edus('m.receipt'))).not.toContain(second);
});

test('how far somebody has read is told late to a server that did not answer, and who typed meanwhile is not', async () => {
  const home = await startHome(authority, { firstPauseMs: 300, heldFailuresMax: 1 });
  const peer = await startPeer(authority);
  await home.member(peer);
  const [first, second] = [await home.say('one'), await home.say('two')];
  await expect.poll(() => peer.bodies()).toEqual(['one', 'two']);
  peer.behave(refuses(502));
  const before = peer.asked.length;
  await home.say('three');
  await expect.poll(() => peer.asked.length - before).toBeGreaterThan(3);
  const { token, roomId } = home;
  const ask = (what: string, body: object) =>
    home.server.ask(`${what.replace('#', `/rooms/${roomId}`)}`, { token, body });
  for (const eventId of [first, second])
    expect((await ask(`POST #/receipt/m.read/${eventId}`, {})).status).toBe(200);
  await ask(`PUT #/typing/${alice}`, { typing: true, timeout: 30_000 });
  const failed = peer.asked.length;
  await expect.poll(() => peer.asked.length, { timeout: 20_000 }).toBeGreaterThan(failed);
  peer.behave(takes);
  const read = () => peer.edus('m.receipt').map((each) => JSON.stringify(each));
  await expect.poll(read, { timeout: 20_000 }).toEqual([expect.stringContaining(second)]);
  expect(peer.edus('m.typing')).toEqual([]);
});

test('servers that share a room with somebody hear whether they are there, once for all rooms, and no others', async () => {
  const home = await startHome(authority);
  const [peer, stranger] = [await startPeer(authority), await startPeer(authority)];
  const second = await home.addRoom();
  for (const roomId of [home.roomId, second]) await home.member(peer, 'join', roomId);
  const { token } = home;
  const body = { presence: 'unavailable', status_msg: 'At lunch' };
  await home.server.ask(`PUT /presence/${alice}/status`, { token, body });
  const told = () => peer.edus('m.presence').map(({ push }) => push);
  const lunch = { user_id: alice, ...body, last_active_ago: expect.any(Number) };
  await expect.poll(() => told().at(-1)).toEqual([lunch]);
  expect(told()).toHaveLength(1);
  expect(stranger.asked).toEqual([]);
});

test('a new writer says to each server that was there lately that it is there, with nothing to tell', async () => {
  const home = await startHome(authority);
  const [peer, stranger] = [await startPeer(authority), await startPeer(authority)];
  await home.member(peer);
  await home.say('hello');
  await expect.poll(() => peer.bodies()).toEqual(['hello']);
  await expect.poll(() => rowsIn(home, 'federation_destination')).toBe(1);
  await home.restart('ended');
  await expect.poll(() => peer.taken.at(-1)!.content).toMatchObject({ pdus: [], edus: [] });
  expect(stranger.asked).toEqual([]);
});

let txns = 0;

const toDevice = (home: Home, body: object) =>
  home.server.ask(`PUT /sendToDevice/org.letter/${++txns}`, { token: home.token, body });

const wasLastThere = ({ server }: Home, activeMs: number) =>
  server.fresh.database.query(
    'test_was_last_there',
    'UPDATE federation_destination SET active_ms = $1',
    [activeMs],
  );

/** As of a writer that ended before it could say anything of what was committed. */
async function asIfNothingWasGiven(home: Home): Promise<void> {
  const { database } = home.server.fresh;
  await home.restart('ended');
  await database.query(
    'test_nothing_given',
    "UPDATE outward_cursor SET position = 0 WHERE name = 'federation'",
    [],
  );
  await home.restart('forgotten');
}

async function rowsIn(home: Home, table: string): Promise<number> {
  const { database } = home.server.fresh;
  const [found] = await database.query<{ rows: number }>(
    `test_rows_${table}`,
    `SELECT count(*) AS rows FROM ${table}`,
  );
  return found!.rows;
}
