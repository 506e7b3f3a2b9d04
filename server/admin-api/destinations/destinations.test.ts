import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startHome } from '../../../test/support/federated-room.ts';
import { refuses, startPeer, takes } from '../../../test/support/federation-peer.ts';

const AT = '/_synapse/admin/v1';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

async function house(sending: Parameters<typeof startHome>[1]) {
  const home = await startHome(authority, { saveEveryMs: 5, ...sending });
  const token = await home.server.register('root', 'DESK', { admin: true });
  const root = (request: string) => {
    const [method, path] = request.split(' ');
    return home.server.ask(`${method} ${AT}${path}`, { token });
  };
  const audit = () => home.server.ask('GET /_farol/admin/v1/audit', { token });
  return { home, root, audit };
}

test('the servers that are sent to are listed, with who does not answer and since when', async () => {
  const { home, root } = await house({ firstPauseMs: 5 });
  const [there, away] = [await startPeer(authority), await startPeer(authority, refuses(500))];
  for (const peer of [there, away]) await home.member(peer);
  await home.say('hello');
  const list = async (query = '') =>
    (await root(`GET /federation/destinations${query}`)).body.destinations;
  await expect.poll(() => list()).toHaveLength(2);
  const since = home.server.clock.ms;
  const [failing, answering] = await list('?order_by=retry_interval&dir=b');
  expect(failing).toMatchObject({
    ...{ destination: away.name, failure_ts: since, last_successful_stream_ordering: null },
  });
  expect(failing.retry_interval).toBeGreaterThan(0);
  expect(failing.retry_last_ts + failing.retry_interval).toBeGreaterThan(since);
  const untroubled = { failure_ts: null, retry_last_ts: 0, retry_interval: 0 };
  expect(answering).toMatchObject({ destination: there.name, ...untroubled });
  const own = await root(`GET /federation/destinations/${there.name}`);
  expect(own.body).toEqual({
    ...answering,
    last_successful_stream_ordering: expect.any(Number),
  });
  const page = (await root('GET /federation/destinations?limit=1')).body;
  expect(page).toMatchObject({ total: 2, next_token: '1' });
  expect((await root('GET /federation/destinations?limit=1&from=1')).body.next_token).toBe(
    undefined,
  );
  const found = await list(`?destination=${away.name.slice(-6)}`);
  expect(found.map(({ destination }: { destination: string }) => destination)).toContain(away.name);
  expect(await list('?destination=nowhere')).toEqual([]);
});

test('the rooms in which users of a server are, and what the next event of one is built upon', async () => {
  const { home, root } = await house({});
  const peer = await startPeer(authority);
  await home.member(peer);
  await home.addRoom();
  const event_id = await home.say('hello');
  await expect.poll(() => peer.bodies()).toEqual(['hello']);
  const at = `/federation/destinations/${peer.name}`;
  await expect.poll(async () => (await root(`GET ${at}`)).status).toBe(200);
  const told = { room_id: home.roomId, stream_ordering: expect.any(Number) };
  expect((await root(`GET ${at}/rooms`)).body).toEqual({ rooms: [told], total: 1 });
  expect((await root(`GET ${at}/rooms?from=5`)).body).toEqual({ rooms: [], total: 1 });
  const ends = await root(`GET /rooms/${home.roomId}/forward_extremities`);
  const end = { event_id, depth: expect.any(Number), received_ts: home.server.clock.ms };
  expect(ends.body).toMatchObject({ count: 1, results: [end] });
});

test('the pause that is made for a server is ended by an administrator, where there is one', async () => {
  const { home, root, audit } = await house({ firstPauseMs: 3_600_000 });
  const peer = await startPeer(authority);
  await home.member(peer);
  await home.say('one');
  await expect.poll(() => peer.bodies()).toEqual(['one']);
  const reset = () => root(`POST /federation/destinations/${peer.name}/reset_connection`);
  await expect.poll(async () => (await reset()).status).toBe(400);
  expect((await audit()).body.orders).toEqual([]);
  peer.behave(refuses(500));
  await home.say('two');
  await expect.poll(() => peer.asked.length).toBe(2);
  peer.behave(takes);
  await expect.poll(async () => (await reset()).status).toBe(200);
  await expect.poll(() => peer.bodies()).toEqual(['one', 'two']);
  const [order] = (await audit()).body.orders;
  expect(order).toMatchObject({ action: 'adminResetConnection', target: peer.name });
});

test.each<[string, string, number, string]>([
  ['a server that nothing is known of', 'GET /federation/destinations/x.org', 404, 'M_NOT_FOUND'],
  ['the rooms of one', 'GET /federation/destinations/x.org/rooms', 404, 'M_NOT_FOUND'],
  ['its pause', 'POST /federation/destinations/x.org/reset_connection', 404, 'M_NOT_FOUND'],
  ['what is no name', 'GET /federation/destinations/a%20b', 400, 'M_INVALID_PARAM'],
  ['another order', 'GET /federation/destinations?order_by=size', 400, 'M_INVALID_PARAM'],
  ['a room that is not here', 'GET /rooms/!x:x.org/forward_extremities', 404, 'M_NOT_FOUND'],
])('%s is not told', async (_what, request, status, errcode) => {
  const { root } = await house({});
  const { status: is, body } = await root(request);
  expect([is, body.errcode]).toEqual([status, errcode]);
});
