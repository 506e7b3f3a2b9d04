import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { apisOf } from '../../server/homeserver.ts';
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
  EVERYTHING,
  type Hostile,
  hostilesOf,
  OWN_TOKEN,
  spoiled,
} from './hostile.ts';
import type { Measured } from './meter.ts';
import { type MeteredServer, startMetered } from './server.ts';
import { isWell, makePerson, makeWorld, type World } from './world.ts';

vi.setConfig({ testTimeout: 300_000 });

/** No turn of the event loop computes longer, so nobody else waits longer. */
const TURN_MS_MAX = 200;
/** Nor does a single request cost more, in however many turns. */
const REQUEST_CPU_MS_MAX = 1_000;

/** Measured together; whoever is too dear is then found by trying them one by one. */
const GROUP = 16;
const BULKY_ROUNDS = 8;
/** In a thin run, of each endpoint's places and bad values each third. */
const THIN = 3;
/** Of the random ones; `FUZZ_RUNS=100000` for a long look, which also tries every value everywhere. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 150);
const isWide = process.env.FUZZ_RUNS !== undefined;

const endpoints = apisOf({ adminApi: true }) as readonly Endpoint<never>[];
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

test.each(endpoints.map((endpoint, turn) => [endpoint.operation, endpoint, turn] as const))(
  '%s answers whatever is wrong with a request, in little time, and breaks nothing for others',
  async (_operation, endpoint, turn) => {
    await mendWorld();
    const complaints: string[] = [];
    const share = isWide ? EVERYTHING : { of: THIN, turn };
    for (const example of examplesOf(endpoint, world))
      complaints.push(...(await triedAll(hostilesOf(example, share))));
    complaints.push(...(await others()));
    expect(complaints.slice(0, 12)).toEqual([]);
  },
);

test.each(grouped(endpoints, GROUP).map((group) => [group.length, group[0]!.operation, group]))(
  'what %i endpoints from %s on refuse does not stay in memory',
  async (_count, _first, group) => {
    await mendWorld();
    const examples = group.flatMap((endpoint) => examplesOf(endpoint, world));
    const refused = (await Promise.all(examples.map(refusedBulkOf))).flat();
    if ((await growthOf(refused, 2)) < BULKY_BYTES) return;
    const complaints: string[] = [];
    for (const example of examples) complaints.push(...(await kept(example)));
    expect(complaints).toEqual([]);
  },
);

function grouped<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) =>
    all.slice(n * size, (n + 1) * size),
  );
}

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

type Bulky = (round: number) => Asked;

async function kept(example: Example): Promise<string[]> {
  const growth = await growthOf(await refusedBulkOf(example), BULKY_ROUNDS);
  if (growth < (BULKY_ROUNDS * BULKY_BYTES) / 2) return [];
  return [`${example.route}: ${Math.round(growth / 1_000)} kB of refused requests stay in memory`];
}

async function refusedBulkOf(example: Example): Promise<Bulky[]> {
  const refused: Bulky[] = [];
  for (const bulky of bulkyOf(example)) {
    const { status } = await as(bulky(0));
    if (status >= 400 && status < 500 && status !== 401) refused.push(bulky);
  }
  return refused;
}

/** What stays in memory of requests that were refused. Twice, since code and caches warm up once. */
async function growthOf(refused: readonly Bulky[], rounds: number): Promise<number> {
  if (refused.length === 0) return 0;
  const growths: number[] = [];
  for (const round of [100, 200]) {
    const before = (await server.measure('memory')).heapBytes!;
    for (const bulky of refused) for (let n = 0; n < rounds; n += 1) await as(bulky(round + n));
    growths.push((await server.measure('memory')).heapBytes! - before);
  }
  return Math.min(...growths);
}

/** Measured in groups: to ask after each costs as much as the request. */
async function triedAll(hostiles: Iterable<Hostile>): Promise<string[]> {
  const complaints: string[] = [];
  for (const group of grouped([...hostiles], GROUP)) {
    for (const hostile of group) complaints.push(...(await answered(hostile)));
    const measured = await server.measure('cpu');
    if (dearness(measured, '').length === 0) continue;
    const found: string[] = [];
    for (const hostile of group) found.push(...(await tried(hostile)));
    // A turn that does not come again was long all the same; a sum may be of many.
    const turn = dearness({ ...measured, cpuMs: 0 }, `One of ${group.map(nameOf).join('; ')}`);
    complaints.push(...(found.length > 0 ? found : turn));
  }
  return complaints;
}

/** What is wrong with how the server took it; nothing, if all is well. */
async function tried(hostile: Hostile): Promise<string[]> {
  const complaints = await answered(hostile);
  return [...complaints, ...dearness(await server.measure('cpu'), nameOf(hostile))];
}

async function answered(hostile: Hostile): Promise<string[]> {
  const { what: _, ...asked } = hostile;
  const { status, text } = await as(asked);
  if (status === 401 && asked.token === OWN_TOKEN) return mended(hostile);
  if (status !== 0 && status < 500) return [];
  return [`${nameOf(hostile)} is answered ${status} ${text.slice(0, 200)}`];
}

/** What the mending costs is nobody's. */
async function mended(hostile: Hostile): Promise<string[]> {
  const dear = dearness(await server.measure('cpu'), `Up to ${nameOf(hostile)}`);
  await mendWorld();
  await server.measure('cpu');
  return dear;
}

const nameOf = ({ method, path, what }: Hostile) => `${method} ${path.slice(0, 200)}: ${what}`;

const dearness = ({ turnMs, cpuMs }: Measured, place: string): string[] => [
  ...(turnMs > TURN_MS_MAX ? [`${place} takes a turn of ${Math.round(turnMs)} ms`] : []),
  ...(cpuMs > REQUEST_CPU_MS_MAX ? [`${place} takes ${Math.round(cpuMs)} ms in all`] : []),
];

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
