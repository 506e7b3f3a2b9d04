import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { type Account, BenchClient } from './client.ts';
import { compare, type Round, type Row, type Side } from './compare.ts';
import { heldByAll } from './delivery.ts';
import { mapSome } from './load.ts';
import type { Target } from './target.ts';

/** What is made before anything is measured. */
interface Sizes {
  /** In which one account is, each with so many members and messages. */
  readonly rooms: number;
  readonly members: number;
  readonly messages: number;
  /** Members of the one large room. */
  readonly crowd: number;
  /** Messages of one long room. */
  readonly history: number;
}

const SIZES: Sizes = { rooms: 100, members: 50, messages: 20, crowd: 500, history: 5_000 };

/** What clients ask all the time is measured at a server that is asked for it all the time. */
const WARM_UP_MS = 6_000;

const AT_ONCE = 8;
const PAGE = 100;

export interface CallsOptions {
  /** Each is measured, in turn. */
  readonly starts: readonly (() => Promise<Target>)[];
  /** Of rooms, members and messages. */
  readonly scale: number;
  readonly rounds: number;
  /** The rows alone whose names hold one of these. */
  readonly only?: readonly string[] | undefined;
  readonly print: (line: string) => void;
}

/** What clients ask beside sending: what each costs, and how long it takes. */
export async function benchCalls({
  starts,
  scale,
  rounds,
  print,
  only,
}: CallsOptions): Promise<void> {
  await using running = new AsyncDisposableStack();
  const sizes = Object.fromEntries(
    Object.entries(SIZES).map(([name, count]) => [name, Math.ceil(count * scale)]),
  ) as unknown as Sizes;
  const sides: Side[] = [];
  for (const start of starts) {
    const target = running.use(await start());
    const agent = new Agent({ connections: 1_024 });
    running.defer(() => agent.destroy());
    const all = await callRows(new BenchClient(agent, target.origin), sizes);
    const rows = all.filter(({ name }) => !only || only.some((part) => name.includes(part)));
    sides.push({ name: target.name, target, rows });
  }
  await compare({ sides, rounds, print });
  for (const { name, target } of sides) {
    const resident = target.resident?.();
    if (resident)
      print(
        `${name}: ${resident.now.toFixed(0)} MiB resident, ${resident.most.toFixed(0)} at most`,
      );
  }
}

/** A row for each, all of one server. */
async function callRows(client: BenchClient, sizes: Sizes): Promise<Row[]> {
  const town = await settle(client, sizes);
  const { reader, crowd, hall, longRoom, behind } = town;
  const get = (path: string) => () =>
    client.ask('GET', `/_matrix/client/v3${path}`, undefined, reader);
  const now = async () => (await client.sync(reader, undefined, 0)).next;
  let idle = await now();
  const row = (name: string, count: number, deed: () => Promise<unknown>, atOnce = 1): Row => ({
    ...{ name, times: 3 },
    round: () => timed(count, atOnce, deed),
  });
  const read = (name: string, count: number, deed: () => Promise<unknown>): Row => ({
    ...row(name, count, deed),
    warmUpMs: WARM_UP_MS,
  });
  const room = encodeURIComponent(hall);
  return [
    read(`initial sync of ${sizes.rooms} rooms`, 5, () => client.sync(reader, undefined, 0)),
    read('sync of one message', 200, () => client.sync(reader, behind, 0)),
    // With the token of the answer before, as clients have it: an old one is told again who is online, room by room.
    read('sync of nothing', 1_000, async () => {
      idle = (await client.sync(reader, idle, 0)).next;
    }),
    pages(client, { reader, roomId: longRoom, history: sizes.history }),
    read(`/members of ${sizes.crowd}`, 50, get(`/rooms/${room}/members`)),
    read(`/joined_members of ${sizes.crowd}`, 50, get(`/rooms/${room}/joined_members`)),
    row('/notifications of 50', 20, get('/notifications?limit=50')),
    row('search, a word of all messages', 10, () => search(client, reader)),
    row('room creation', 20, () => client.createRoom(reader), AT_ONCE),
    joinStorm(client, crowd),
    delivery(client, { crowd, hall }),
  ];
}

interface Town {
  /** In all of the rooms. */
  readonly reader: Account;
  readonly crowd: readonly Account[];
  readonly hall: string;
  readonly longRoom: string;
  /** The reader's place in the log, behind which there is one message. */
  readonly behind: string;
}

async function settle(client: BenchClient, sizes: Sizes): Promise<Town> {
  const crowd = await mapSome(AT_ONCE, [...Array(sizes.crowd).keys()], (n) =>
    client.register(`c${n}-${randomUUID().slice(0, 8)}`),
  );
  const [reader, ...others] = crowd as [Account, ...Account[]];
  const hall = await client.createRoom(reader);
  await mapSome(AT_ONCE, others, (member) => client.join(hall, member));
  const rooms = await mapSome(AT_ONCE, [...Array(sizes.rooms).keys()], async (n) => {
    const roomId = await client.createRoom(reader);
    const members = Array.from(
      { length: sizes.members - 1 },
      (_, at) => others[(n + at) % others.length]!,
    );
    for (const member of members) await client.join(roomId, member);
    await say(client, { roomId, sender: members[0]!, messages: sizes.messages });
    return roomId;
  });
  const longRoom = await client.createRoom(reader);
  await client.join(longRoom, others[0]!);
  await say(client, { roomId: longRoom, sender: others[0]!, messages: sizes.history });
  const behind = (await client.sync(reader, undefined, 0)).next;
  await say(client, { roomId: rooms[0]!, sender: others[0]!, messages: 1 });
  return { reader, crowd, hall, longRoom, behind };
}

interface Saying {
  readonly roomId: string;
  readonly sender: Account;
  readonly messages: number;
}

async function say(client: BenchClient, { roomId, sender, messages }: Saying): Promise<void> {
  for (let n = 0; n < messages; n++) await client.send(roomId, randomUUID(), sender);
}

async function timed(
  count: number,
  atOnce: number,
  deed: (n: number) => Promise<unknown>,
): Promise<Round> {
  const begin = performance.now();
  const latencies = await mapSome(atOnce, [...Array(count).keys()], async (n) => {
    const before = performance.now();
    await deed(n);
    return performance.now() - before;
  });
  const seconds = (performance.now() - begin) / 1_000;
  return { count, seconds, latencies: latencies.sort((a, b) => a - b) };
}

/** From the end of a long room to its beginning. */
function pages(
  client: BenchClient,
  { reader, roomId, history }: { reader: Account; roomId: string; history: number },
): Row {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=${PAGE}`;
  return {
    ...{ name: `/messages of ${PAGE}, of ${history}`, times: 3, warmUpMs: WARM_UP_MS },
    round() {
      let from = '';
      return timed(Math.floor(history / PAGE), 1, async () => {
        const page = await client.ask<{ end?: string }>('GET', path + from, undefined, reader);
        from = page.end === undefined ? '' : `&from=${encodeURIComponent(page.end)}`;
      });
    },
  };
}

function search(client: BenchClient, reader: Account): Promise<object> {
  const room_events = { search_term: 'fox', order_by: 'recent' };
  const body = { search_categories: { room_events } };
  return client.ask('POST', '/_matrix/client/v3/search', body, reader);
}

/** All at once into a room that was just made. */
function joinStorm(client: BenchClient, crowd: readonly Account[]): Row {
  const [owner, ...comers] = crowd.slice(0, 101) as [Account, ...Account[]];
  return {
    name: `a join of ${comers.length} at once`,
    async round() {
      const roomId = await client.createRoom(owner);
      return timed(comers.length, comers.length, (n) => client.join(roomId, comers[n]!));
    },
  };
}

const A_SECOND = 8;
const SECONDS = 5;

/** Messages at an even pace; the latencies are of each delivery, from when it was sent until it was there. */
function delivery(
  client: BenchClient,
  { crowd, hall }: { crowd: readonly Account[]; hall: string },
): Row {
  const held = heldByAll(client, crowd);
  return {
    name: `${A_SECOND} messages/s to ${crowd.length} who hold /sync`,
    begin: held.begin,
    async round() {
      held.take();
      const begin = performance.now();
      for (let n = 0; n < A_SECOND * SECONDS; n++) {
        await sleep(Math.max(0, begin + (n * 1_000) / A_SECOND - performance.now()));
        await held.sends((name) => client.send(hall, name, crowd[0]!));
      }
      const latencies = await held.allThere();
      const seconds = (performance.now() - begin) / 1_000;
      return { count: A_SECOND * SECONDS, seconds, latencies };
    },
  };
}
