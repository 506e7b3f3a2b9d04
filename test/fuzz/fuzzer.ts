import type { Endpoint } from '../../server/http/endpoint.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import { type Bulky, bulkyOf } from './bulky.ts';
import { type Answered, type Asked, FuzzClient, SIGNED } from './client.ts';
import { type Example, examplesOf } from './example.ts';
import { EVERYTHING, type Hostile, hostilesOf } from './hostile.ts';
import type { Measured } from './meter.ts';
import { type Peer, startPeer } from './peer.ts';
import { type MeteredServer, startMetered } from './server.ts';
import { isWell, makePerson, makeWorld, OWN_TOKEN, type World } from './world.ts';

/** No turn of the event loop computes longer, so nobody else waits longer; on a machine whose yardstick is this. */
const TURN_MS_MAX = 200;
const YARDSTICK_MS = 100;
const SLOWER_MAX = 4;
/** Unless it does not come again: then it may have been the collector's or the compiler's, on a busy machine. */
const TURN_ONCE_MS_MAX = 1_000;
/** So often is asked again who seems to take a long turn. */
const TRIES = 3;
/** Nor does a single request cost more, in however many turns. */
const REQUEST_CPU_MS_MAX = 1_000;
/** Nor does it ask the database more often: what it names is asked for together. */
const STATEMENTS_MAX = 100;

/** Measured together; whoever is too dear is then found by trying them one by one. */
const GROUP = 16;
/** In a thin run, of the bad values that the common readers judge each endpoint has each third. */
const THIN = 3;
/** What of refused requests may seem to stay where nothing does: code, buffers, counters. */
const NOISE_BYTES = 100_000;

const OTHER_IS_AWAY =
  /^\{"errcode":"M_UNKNOWN","error":"(No server could be asked .* cannot be reached|\S+ (cannot be reached|did not answer a moment ago))/;

/** Sends bad requests to a server, and says what is wrong with how it takes them. */
export class Fuzzer implements AsyncDisposable {
  readonly #fresh: FreshDatabase;
  readonly #server: MeteredServer;
  readonly #client: FuzzClient;
  readonly #peer: Peer;
  readonly #isWide: boolean;
  #world: World;
  /** How many bulky ones, so that none is like another. */
  #asked = 0;

  private constructor(
    ground: {
      fresh: FreshDatabase;
      server: MeteredServer;
      client: FuzzClient;
      peer: Peer;
      isWide: boolean;
    },
    world: World,
  ) {
    this.#fresh = ground.fresh;
    this.#server = ground.server;
    this.#client = ground.client;
    this.#peer = ground.peer;
    this.#isWide = ground.isWide;
    this.#world = world;
  }

  /** Wide: every bad value at every place. */
  static async start({ isWide = false, program }: { isWide?: boolean; program?: string } = {}) {
    const fresh = await freshDatabase();
    const peer = await startPeer();
    const server = await startMetered(fresh, peer, program);
    const client = new FuzzClient(server.origin, peer);
    if (program === undefined) await refuseUnsigned(client);
    const world = await makeWorld(client, await makePerson(client), await makePerson(client));
    await server.measure('cost');
    return new Fuzzer({ fresh, server, client, peer, isWide }, world);
  }

  async [Symbol.asyncDispose]() {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await this.#peer[Symbol.asyncDispose]();
    await this.#fresh[Symbol.asyncDispose]();
  }

  /** Requests as the endpoint wants them. */
  async examplesOf(endpoint: Endpoint<never>): Promise<Example[]> {
    await this.#mendWorld();
    return examplesOf(endpoint, this.#world);
  }

  /** Whatever is wrong with a request: it is answered, in little time, and breaks nothing for others. */
  async complaintsAbout(endpoint: Endpoint<never>, turn: number): Promise<string[]> {
    const complaints: string[] = [];
    const share = this.#isWide ? EVERYTHING : { of: THIN, turn };
    for (const example of await this.examplesOf(endpoint))
      complaints.push(...(await this.#triedAll(hostilesOf(example, share))));
    complaints.push(...(await this.#others()));
    return complaints;
  }

  /**
   * What is refused does not stay in memory. Tried together; whoever keeps something is then found.
   * `times` as much is sent as shows where little else leaves memory meanwhile.
   */
  async keptBy(endpoints: readonly Endpoint<never>[], times = 1): Promise<string[]> {
    const bulky: Bulky[] = [];
    for (const endpoint of endpoints)
      for (const example of await this.examplesOf(endpoint))
        bulky.push(...(await this.#refused(bulkyOf(example))));
    for (const _again of ['of chance', 'or not'])
      if ((await this.#growthOf(bulky, times)) < NOISE_BYTES) return [];
    const complaints: string[] = [];
    for (const one of bulky) complaints.push(...(await this.#kept(one)));
    return complaints;
  }

  /** What is wrong with how the server took it; nothing, if all is well. */
  async tried(hostile: Hostile): Promise<string[]> {
    const complaints = await this.#answered(hostile);
    return [...complaints, ...dearness(await this.#costOf(hostile), nameOf(hostile))];
  }

  /** Of the request that was just answered. */
  async #costOf(hostile: Hostile): Promise<Measured> {
    let cost = await this.#server.measure('cost');
    if (cost.turnMs > TURN_ONCE_MS_MAX) return cost;
    for (let n = 1; n < TRIES && cost.turnMs > TURN_MS_MAX; n += 1) {
      await this.#answered(hostile);
      cost = await this.#server.measure('cost');
    }
    return cost.turnMs > TURN_MS_MAX ? this.#asOnKnownMachine(cost) : cost;
  }

  /** A slow machine is no fault of an endpoint; what is slower by more than this has other reasons. */
  async #asOnKnownMachine(cost: Measured): Promise<Measured> {
    const yardsticks: number[] = [];
    for (let n = 0; n < TRIES; n += 1)
      yardsticks.push((await this.#server.measure('yardstick')).cpuMs);
    const median = yardsticks.sort((a, b) => a - b)[Math.floor(TRIES / 2)]!;
    const scale = Math.min(1, Math.max(1 / SLOWER_MAX, YARDSTICK_MS / median));
    return { ...cost, turnMs: cost.turnMs * scale };
  }

  /** Measured in groups: to ask after each costs as much as the request. */
  async #triedAll(hostiles: Iterable<Hostile>): Promise<string[]> {
    const complaints: string[] = [];
    for (const group of grouped([...hostiles], GROUP)) {
      for (const hostile of group) complaints.push(...(await this.#answered(hostile)));
      const measured = await this.#server.measure('cost');
      if (dearness(measured, '').length === 0) continue;
      const found: string[] = [];
      for (const hostile of group) found.push(...(await this.tried(hostile)));
      // A sum may be of many.
      const isLong = found.length === 0 && measured.turnMs > TURN_ONCE_MS_MAX;
      const once = { ...measured, cpuMs: 0, statements: 0 };
      complaints.push(...(isLong ? dearness(once, `One of ${named(group)}`) : found));
    }
    return complaints;
  }

  async #answered(hostile: Hostile): Promise<string[]> {
    const { what: _, ...asked } = hostile;
    const { status, text } = await this.#ask(asked);
    if (status === 401 && asked.token === OWN_TOKEN) return this.#mended(hostile);
    if (status !== 0 && status < 500) return [];
    // A server that is named does not exist: nothing is wrong here.
    if (status === 502 && OTHER_IS_AWAY.test(text)) return [];
    return [`${nameOf(hostile)} is answered ${status} ${text.slice(0, 200)}`];
  }

  /** What the mending costs is nobody's. */
  async #mended(hostile: Hostile): Promise<string[]> {
    const dear = dearness(await this.#server.measure('cost'), `Up to ${nameOf(hostile)}`);
    await this.#mendWorld();
    await this.#server.measure('cost');
    return dear;
  }

  /** Two people who are logged in and see each other, as requests expect them to be. */
  async #mendWorld() {
    const client = this.#client;
    if (await isWell(client, this.#world)) return;
    this.#world = await makeWorld(client, await makePerson(client), await makePerson(client));
  }

  /** What others do is as it was: bob talks, reads everything, and asks for alice's keys. */
  async #others(): Promise<string[]> {
    const { bob, alice, roomId } = this.#world;
    const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
    const long = JSON.stringify({ msgtype: 'm.text', body: 'a'.repeat(60_000) });
    const keys = JSON.stringify({ device_keys: { [alice.userId]: [] } });
    const asked: [string, string, string?][] = [
      ['POST', `${room}/send/m.room.message`, long],
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
          ...(await this.tried({ method, path, body, token, what: `behind it, ${userId}` })),
        );
    return complaints;
  }

  async #refused(all: Iterable<Bulky>): Promise<Bulky[]> {
    const refused: Bulky[] = [];
    for (const bulky of all) {
      const { status } = await this.#ask(bulky.at(0));
      if (status >= 400 && status < 500 && status !== 401) refused.push(bulky);
    }
    return refused;
  }

  async #kept(bulky: Bulky): Promise<string[]> {
    const bytes = bulky.bytes * bulky.rounds * CERTAIN;
    const growth = await this.#growthOf([bulky], CERTAIN);
    if (growth < bytes / 2) return [];
    return [`${bulky.what}: of ${kB(bytes)} that it refused, ${kB(growth)} stay in memory`];
  }

  /** What stays in memory of requests that were refused; of some before, code and caches are warm. */
  async #growthOf(refused: readonly Bulky[], times: number): Promise<number> {
    if (refused.length === 0) return 0;
    await this.#askAll(refused, (rounds) => Math.ceil(rounds / 5));
    const before = (await this.#server.measure('memory')).heapBytes!;
    await this.#askAll(refused, (rounds) => rounds * times);
    return (await this.#server.measure('memory')).heapBytes! - before;
  }

  async #askAll(all: readonly Bulky[], count: (rounds: number) => number) {
    for (const { at, rounds } of all)
      for (let n = 0; n < count(rounds); n += 1) {
        this.#asked += 1;
        await this.#ask(at(this.#asked));
      }
  }

  #ask(asked: Asked): Promise<Answered> {
    const token = asked.token === OWN_TOKEN ? this.#world.alice.token : asked.token;
    return this.#client.ask({ ...asked, token });
  }
}

/** Else none of what servers ask would be reached. */
async function refuseUnsigned(client: FuzzClient): Promise<void> {
  const path = '/_matrix/federation/v1/publicRooms';
  const { status, text } = await client.ask({ method: 'GET', path, token: SIGNED });
  if (status !== 200) throw new Error(`A signed request is answered ${status} ${text}`);
}

/** So many times as much is sent to whoever may have kept something. */
export const CERTAIN = 5;

const kB = (bytes: number) => `${Math.round(bytes / 1_000)} kB`;

const nameOf = ({ method, path, what }: Hostile) => `${method} ${path.slice(0, 200)}: ${what}`;
const named = (group: readonly Hostile[]) => group.map(nameOf).join('; ');

const dearness = ({ turnMs, cpuMs, statements }: Measured, place: string): string[] => [
  ...(turnMs > TURN_MS_MAX ? [`${place} takes a turn of ${Math.round(turnMs)} ms`] : []),
  ...(cpuMs > REQUEST_CPU_MS_MAX ? [`${place} takes ${Math.round(cpuMs)} ms in all`] : []),
  ...(statements > STATEMENTS_MAX ? [`${place} asks the database ${statements} times`] : []),
];

export function grouped<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) =>
    all.slice(n * size, (n + 1) * size),
  );
}
