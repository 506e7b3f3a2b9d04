import { bench } from '../../bench/bench.ts';
import { serveManyRooms } from '../../bench/rooms/measure-rooms.ts';
import { startSynapse } from '../../bench/synapse.ts';
import { startSingle, type Target } from '../../bench/target.ts';
import { startClusterTarget } from '../../cluster/support/bench-target.ts';
import { ranBeside } from '../machine.ts';
import type { SystemName } from '../results.ts';
import type { CostRun, MessagesRun, Place } from './results.ts';

interface Measuring {
  readonly seconds: number;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Stand {
  readonly system: SystemName;
  readonly place: Place;
  /** One is always measured. */
  readonly senders: readonly number[];
  start(): Promise<Target>;
}

const SENDERS = [4, 16, 64, 256] as const;

/** Synapse makes some 20 members a second: of 256 rooms it would be at it for minutes. */
const SYNAPSE_SENDERS = SENDERS.filter((count) => count <= 64);

export const STANDS: Readonly<Record<string, Stand>> = {
  synapse: {
    ...{ system: 'synapse', place: 'one site', senders: SYNAPSE_SENDERS },
    start: startSynapse,
  },
  one: { system: 'farol', place: 'one site', senders: SENDERS, start: startSingle },
  near: {
    ...{ system: 'farol', place: 'three sites, near', senders: SENDERS },
    start: () => startClusterTarget(0),
  },
  apart: {
    ...{ system: 'farol', place: 'three sites, 20 ms apart', senders: SENDERS },
    start: () => startClusterTarget(10),
  },
};

const MEMBERS_PER_ROOM = 10;

/** Messages by number of senders at one stand. */
export async function messagesAt(stand: Stand, options: Measuring): Promise<CostRun[]> {
  const { system, place, senders } = stand;
  const { measured, ran } = await ranBeside(async () => {
    await using target = await stand.start();
    options.signal.throwIfAborted();
    // Awaited here, since the target ends with this function.
    return await bench({ ...options, target, senders, membersPerRoom: MEMBERS_PER_ROOM });
  });
  return measured.map(
    (each): MessagesRun => ({
      ...{ kind: 'messages', system, place, senders: each.senders },
      ...{ perSecond: rounded(each.perSecond), p50Ms: rounded(each.p50Ms) },
      ...{ p99Ms: rounded(each.p99Ms), cpuMs: roundedAll(each.cpuMs) },
      ...ran,
    }),
  );
}

/** As many as a large organisation has. */
export const ROOMS = [1_000, 10_000, 30_000, 100_000] as const;

export async function memoryOf(rooms: number): Promise<CostRun> {
  const { measured, ran } = await ranBeside(() =>
    serveManyRooms({ rooms, hot: rooms / 10, users: 1_000, rounds: 12 }),
  );
  const { start, peak, rest } = measured;
  return { kind: 'memory', rooms, startMiB: start, peakMiB: peak, restMiB: rest, ...ran };
}

/** Three digits hold more than what the machine lets be repeated. */
const rounded = (value: number): number => Number(value.toPrecision(3));

const roundedAll = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]));
