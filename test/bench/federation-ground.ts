import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomId, UserId } from '../../server/protocol/identifiers.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { buildHouse } from '../support/house.ts';
import type { FreshDatabase } from '../support/postgres.ts';
import { putRemoteMember } from '../support/remote-members.ts';
import { nameOf, type Told, type Wish } from './federation-wishes.ts';
import { ownDatabase } from './own-database.ts';

export type House = Awaited<ReturnType<typeof buildHouse>>;

/** What sending to other servers is measured on: a database, and mocks of the others in a process of their own. */
export interface Ground {
  readonly fresh: FreshDatabase;
  readonly peers: Peers;
  /** By which the mocks are trusted. */
  readonly ca: string;
}

export async function onGround(work: (ground: Ground) => Promise<void>): Promise<void> {
  const authority = await certificateAuthority();
  const peers = await startPeers(await authority.issue('peers', { dns: ['*.peers.test'] }));
  try {
    await using fresh = await ownDatabase();
    await work({ fresh, peers, ca: authority.ca });
  } finally {
    peers.child.disconnect();
    rmSync(authority.folder, { recursive: true, force: true });
  }
}

export const federationTo = ({ port, ca }: { port: number; ca: string }, servers: number) => ({
  ...{ enabled: true, ca, deny: [], allowNetworks: [] },
  peers: new Map(
    Array.from({ length: servers }, (_, index) => [nameOf(index), { host: '127.0.0.1', port }]),
  ),
});

export async function start(
  fresh: FreshDatabase,
  federation: ReturnType<typeof federationTo>,
): Promise<House> {
  const house = await buildHouse(fresh, { federation, now: Date.now, onError: () => {} });
  const { rooms } = house.features.rooms.ports;
  await house.features.federation.begin({
    noLongerTold: (roomId, nids) => rooms.noLongerTold(roomId, nids),
    justCommitted: (position) => rooms.justCommitted(position),
  });
  house.features.federation.answers();
  return house;
}

export async function stop({ features, writer }: House): Promise<void> {
  await features.close();
  await writer.close();
}

const alice = '@alice:example.org' as UserId;

/** A room of ours in which one user of each of these servers is. */
export async function roomWith(
  { features, writer: log }: House,
  { database }: FreshDatabase,
  servers: Iterable<number>,
): Promise<RoomId> {
  const roomId = await features.rooms.ports.rooms.create(alice, { preset: 'public_chat' }, {});
  for (const index of servers) {
    const userId = `@them:${nameOf(index)}` as UserId;
    await putRemoteMember({ log, database }, roomId, { userId, membership: 'join' });
  }
  return roomId;
}

let said = 0;

/** With the time at which it was said. */
export const say = ({ features }: House, roomId: RoomId, sender = alice) =>
  features.rooms.ports.rooms.send(
    roomId,
    {
      ...{ sender, type: 'm.room.message' },
      content: { msgtype: 'm.text', body: `said ${++said}`, at: Date.now() },
    },
    {},
  );

export interface Peers {
  readonly port: number;
  readonly child: ChildProcess;
  tell(wish: Wish): void;
  ask(): Promise<Told>;
  /** What they took since they were asked last, when it is at least so many events. */
  took(events: number): Promise<Told>;
}

async function startPeers({ certificate, key }: { certificate: string; key: string }) {
  const child = fork(join(import.meta.dirname, 'federation-peers.ts'), [certificate, key]);
  const [port] = (await once(child, 'message')) as [number];
  const tell = (wish: Wish) => void child.send(wish);
  const ask = async () => {
    tell({ kind: 'tell' });
    return (await once(child, 'message'))[0] as Told;
  };
  const took = async (events: number): Promise<Told> => {
    const deadline = performance.now() + TAKEN_WITHIN_MS;
    let sum = await ask();
    while (sum.events < events && performance.now() < deadline) {
      await sleep(100);
      sum = together(sum, await ask());
    }
    if (sum.events < events) print(`  only ${sum.events} of ${events} events were taken in time`);
    return sum;
  };
  return { port, child, tell, ask, took };
}

const TAKEN_WITHIN_MS = 120_000;

const together = (one: Told, other: Told): Told => ({
  transactions: one.transactions + other.transactions,
  events: one.events + other.events,
  latenciesMs: [...one.latenciesMs, ...other.latenciesMs],
  connectionsMost: Math.max(one.connectionsMost, other.connectionsMost),
});

export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

export const each = (ms: number, count: number): string => (ms / count).toFixed(3);

export const p99 = (all: readonly number[]): number =>
  Math.round(all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? Number.NaN);

export function print(line: string): void {
  console.log(`${line} (load ${loadavg()[0]!.toFixed(1)})`);
}
