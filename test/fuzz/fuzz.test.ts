import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clientApi } from '../../server/client-api/endpoints.ts';
import type { Endpoint } from '../../server/http/endpoint.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import type { Answered, Asked } from './client.ts';
import { FuzzClient } from './client.ts';
import { type Example, examplesOf } from './example.ts';
import {
  BAD_JSON_VALUES,
  BAD_TEXTS,
  BULKY_BYTES,
  bulkyOf,
  type Hostile,
  hostilesOf,
  OWN_TOKEN,
  spoiled,
} from './hostile.ts';
import { type MeteredServer, startMetered } from './server.ts';
import { isWell, makePerson, makeWorld, type World } from './world.ts';

vi.setConfig({ testTimeout: 300_000 });

/** No turn of the event loop computes longer, so nobody else waits longer. */
const TURN_MS_MAX = 200;
/** Nor does a single request cost more, in however many turns. */
const REQUEST_CPU_MS_MAX = 1_000;

const BULKY_ROUNDS = 8;
/** Of the random ones; `FUZZ_RUNS=100000` for a long look. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 500);

const endpoints = clientApi as readonly Endpoint<never>[];
let fresh: FreshDatabase;
let server: MeteredServer;
let client: FuzzClient;
let world: World;

beforeAll(async () => {
  fresh = await freshDatabase();
  server = await startMetered(fresh);
  client = new FuzzClient(server.origin);
  world = await makeWorld(client, await makePerson(client), await makePerson(client));
  await server.measure('cpu');
}, 60_000);

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await fresh?.[Symbol.asyncDispose]();
});

test.each(endpoints.map((endpoint) => [endpoint.operation, endpoint] as const))(
  '%s answers whatever is wrong with a request, in little time, and breaks nothing for others',
  async (_operation, endpoint) => {
    await mendWorld();
    const complaints: string[] = [];
    for (const example of examplesOf(endpoint, world)) {
      for (const hostile of hostilesOf(example)) complaints.push(...(await tried(hostile)));
      complaints.push(...(await kept(example)));
    }
    complaints.push(...(await others()));
    expect(complaints.slice(0, 12)).toEqual([]);
  },
);

test('whatever is put together at random is answered too', async () => {
  await mendWorld();
  const examples = endpoints.flatMap((endpoint) => examplesOf(endpoint, world));
  const texts = fc.oneof(
    fc.constantFrom(...Object.values(BAD_JSON_VALUES).filter((text) => text.length < 20_000)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
  const spoiling = fc.record({
    values: fc.array(fc.record({ place: fc.nat(100), text: texts }), {
      minLength: 1,
      maxLength: 4,
    }),
    url: fc.record({
      part: fc.constantFrom('path' as const, 'query' as const),
      place: fc.nat(10),
      text: fc.constantFrom(...Object.values(BAD_TEXTS)),
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...examples), spoiling, async (example, how) => {
      expect(await tried(spoiled(example, how))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

/** What stays in memory of requests that were refused. Twice, since code and caches warm up once. */
async function kept(example: Example): Promise<string[]> {
  const refused: ((round: number) => Asked)[] = [];
  for (const bulky of bulkyOf(example)) {
    const { status } = await as(bulky(0));
    if (status >= 400 && status < 500 && status !== 401) refused.push(bulky);
  }
  if (refused.length === 0) return [];
  const growths: number[] = [];
  for (const round of [100, 200]) {
    const before = (await server.measure('memory')).heapBytes!;
    for (const bulky of refused)
      for (let n = 0; n < BULKY_ROUNDS; n += 1) await as(bulky(round + n));
    growths.push((await server.measure('memory')).heapBytes! - before);
  }
  const least = Math.min(...growths);
  if (least < (BULKY_ROUNDS * BULKY_BYTES) / 2) return [];
  return [`${example.route}: ${Math.round(least / 1_000)} kB of refused requests stay in memory`];
}

/** What is wrong with how the server took it; nothing, if all is well. */
async function tried({ what, ...asked }: Hostile): Promise<string[]> {
  const answer = await as(asked);
  const { turnMs, cpuMs } = await server.measure('cpu');
  if (answer.status === 401 && asked.token === OWN_TOKEN) await mendWorld();
  const place = `${asked.method} ${asked.path.slice(0, 200)}: ${what}`;
  return [
    ...(answer.status === 0 || answer.status >= 500
      ? [`${place} is answered ${answer.status} ${answer.text.slice(0, 200)}`]
      : []),
    ...(turnMs > TURN_MS_MAX ? [`${place} takes a turn of ${Math.round(turnMs)} ms`] : []),
    ...(cpuMs > REQUEST_CPU_MS_MAX ? [`${place} takes ${Math.round(cpuMs)} ms in all`] : []),
  ];
}

const as = (asked: Asked): Promise<Answered> =>
  client.ask({ ...asked, token: asked.token === OWN_TOKEN ? world.alice.token : asked.token });

/** What others do is as it was: bob talks, reads everything, and asks for alice's keys. */
async function others(): Promise<string[]> {
  const { bob, alice, roomId } = world;
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const long = JSON.stringify({ msgtype: 'm.text', body: 'a'.repeat(60_000) });
  const keys = JSON.stringify({ device_keys: { [alice.userId]: [] } });
  const asked: [string, string, string?][] = [
    ['PUT', `${room}/send/m.room.message/${performance.now()}`, long],
    ['GET', `${room}/messages?dir=b&limit=100`],
    ['GET', `${room}/members`],
    ['GET', '/_matrix/client/v3/sync'],
    ['POST', '/_matrix/client/v3/keys/query', keys],
    ['GET', `/_matrix/client/v3/profile/${alice.userId}`],
  ];
  const complaints: string[] = [];
  for (const [method, path, body] of asked)
    for (const { token, userId } of [bob, alice])
      complaints.push(
        ...(await tried({ method, path, body, token, what: `behind it, ${userId}` })),
      );
  return complaints;
}

/** Two people who are logged in and see each other, as requests expect them to be. */
async function mendWorld() {
  if (await isWell(client, world)) return;
  const [alice, bob] = [await makePerson(client), await makePerson(client)];
  world = await makeWorld(client, alice, bob);
}
