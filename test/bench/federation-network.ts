import type { RoomId } from '../../server/protocol/identifiers.ts';
import { type Random, seeded } from '../differential/random.ts';
import type { FreshDatabase } from '../support/postgres.ts';
import {
  cpuOf,
  each,
  federationTo,
  type House,
  onGround,
  p99,
  print,
  roomWith,
  say,
  start,
  stop,
} from './federation-ground.ts';
import { loadsOf, seatsOf, shareOf } from './federation-model/load.ts';
import { MEASURED, makeNetwork, type Network, scaled } from './federation-model/network.ts';
import type { Told } from './federation-wishes.ts';

// `node --expose-gc test/bench/federation-network.ts [FACTOR [MESSAGES]]`: this server is the largest of a federation of the
// measured shape, scaled down; its users say something as often as there are of them in each room, one after the other.

const FACTOR = Number(process.argv[2] ?? 0.1);
const MESSAGES = Number(process.argv[3] ?? 1_000);

interface OwnRoom {
  readonly roomId: RoomId;
  /** Of this server. */
  readonly users: number;
  readonly others: number;
}

async function measure(): Promise<void> {
  const network = makeNetwork(seeded(1), scaled(MEASURED, FACTOR));
  const { ofSent } = shareOf(0, loadsOf(network, 1));
  print(
    `${network.servers} servers, ${network.rooms.length} rooms, ${seatsOf(network)} memberships; the largest sends ${(ofSent * 100).toFixed(1)} %`,
  );
  await onGround(async ({ fresh, peers, ca }) => {
    const house = await start(fresh, federationTo({ port: peers.port, ca }, network.servers));
    const before = heapBytes();
    const rooms = await makeRooms(house, fresh, network);
    const random = seeded(2);
    await sayAll(house, drawn(random, rooms, 100));
    await peers.ask();
    const wanted = drawn(random, rooms, MESSAGES);
    const events = wanted.reduce((sum, { others }) => sum + others, 0);
    const begin = performance.now();
    let told: Told | undefined;
    const cpu = await cpuOf(async () => {
      await sayAll(house, wanted);
      told = await peers.took(events);
    });
    tell({ told: told!, events, cpu, seconds: (performance.now() - begin) / 1_000 });
    const grown = heapBytes() - before;
    print(`heap ${Math.round(grown / (network.servers - 1))} bytes a destination, rooms included`);
    await stop(house);
  });
}

function tell(of: { told: Told; events: number; cpu: number; seconds: number }): void {
  const { told, events, cpu, seconds } = of;
  const { transactions } = told;
  print(`${MESSAGES} messages: ${events} events for others, in ${transactions} transactions`);
  print(`${Math.round(MESSAGES / seconds)} messages/s, ${Math.round(events / seconds)} events/s`);
  print(
    `${each(cpu, MESSAGES)} ms CPU a message, ${Math.round((cpu / transactions) * 1_000)} ms a thousand transactions`,
  );
  print(`until it was taken: p99 ${p99(told.latenciesMs)} ms`);
}

/** In each room in which it has users one speaks for all of them, and one for each other server that is there. */
async function makeRooms(house: House, fresh: FreshDatabase, network: Network): Promise<OwnRoom[]> {
  const rooms: OwnRoom[] = [];
  for (const room of network.rooms) {
    const users = room.get(0) ?? 0;
    if (users === 0) continue;
    const others = [...room.keys()].filter((server) => server !== 0);
    const roomId = await roomWith(house, fresh, others);
    rooms.push({ roomId, users, others: others.length });
  }
  return rooms;
}

/** Where so many messages are said, each user as likely as any. */
function drawn(random: Random, rooms: readonly OwnRoom[], count: number): readonly OwnRoom[] {
  const users = rooms.flatMap((room) => Array.from({ length: room.users }, () => room));
  return Array.from({ length: count }, () => random.pick(users));
}

async function sayAll(house: House, rooms: readonly OwnRoom[]): Promise<void> {
  for (const { roomId } of rooms) await say(house, roomId);
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

await measure();
