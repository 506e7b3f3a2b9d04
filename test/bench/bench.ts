import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { BenchClient } from './client.ts';
import { makePlaces, type Place, sendFor, watch } from './load.ts';
import type { Target } from './target.ts';

export interface BenchOptions {
  readonly target: Target;
  readonly seconds: number;
  /** How many send at once, each in a room of its own; one line for each count. */
  readonly senders: readonly number[];
  readonly membersPerRoom: number;
  readonly print: (line: string) => void;
  /** Ends it before the next line. */
  readonly signal?: AbortSignal | undefined;
}

const WARM_UP_S = 2;

/** What so many senders found, each in a room of its own. */
export interface Measured {
  readonly senders: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Milliseconds for each message, by part of the target. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/** One sender; many senders; the fewest of the many while all members hold /sync, which is printed only. */
export async function bench(options: BenchOptions): Promise<readonly Measured[]> {
  const { target, senders, print } = options;
  await using dispatcher = disposable(
    new Agent({ pipelining: 1, connections: 1_024, connect: { rejectUnauthorized: false } }),
  );
  const client = new BenchClient(dispatcher.agent, target.origin);
  if (target.startedInMs !== undefined) {
    print(`${target.name} answered ${(target.startedInMs / 1_000).toFixed(1)} s after its start`);
  }
  const rooms = Math.max(...senders);
  print(`${target.name}, ${target.origin}: ${rooms} rooms of ${options.membersPerRoom}`);
  const places = await makePlaces(client, rooms, options.membersPerRoom);
  const run = (name: string, some: readonly Place[], deliveries = () => 0) =>
    measure({ ...options, client, name, places: some, deliveries });
  const measured = [await run('1 sender', places.slice(0, 1))];
  for (const count of senders) measured.push(await run(`${count} senders`, places.slice(0, count)));
  const few = places.slice(0, Math.min(...senders));
  const watched = await watch(client, few);
  await run(`${few.length} senders, /sync held`, few, watched.deliveries);
  await watched.stop();
  return measured;
}

async function measure(
  options: BenchOptions & {
    client: BenchClient;
    name: string;
    places: readonly Place[];
    deliveries: () => number;
  },
): Promise<Measured> {
  const { target, client, places, deliveries, name } = options;
  options.signal?.throwIfAborted();
  await sendFor(client, places, WARM_UP_S);
  await target.metrics();
  const cpuBefore = target.cpuMs();
  const deliveredBefore = deliveries();
  const result = await sendFor(client, places, options.seconds);
  await sleep(200);
  const cpuAfter = target.cpuMs();
  const delay = eventLoopDelayP99Ms(await target.metrics());
  const at = (share: number) => result.latencies[Math.floor(result.latencies.length * share)] ?? 0;
  const cpu = Object.entries(cpuAfter).map(
    ([part, ms]) => [part, (ms - (cpuBefore[part] ?? 0)) / result.messages] as const,
  );
  const measured = {
    ...{ senders: places.length, perSecond: result.messages / result.seconds },
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), cpuMs: Object.fromEntries(cpu) },
  };
  const delivered = (deliveries() - deliveredBefore) / result.seconds;
  options.print(lineOf(name, measured, delay, delivered));
  return measured;
}

function lineOf(name: string, measured: Measured, delayMs: number, delivered: number): string {
  const { perSecond, p50Ms, p99Ms, cpuMs } = measured;
  const cpu = Object.entries(cpuMs).map(([part, ms]) => `${ms.toFixed(2)} ${part}`);
  return [
    name.padEnd(26),
    `${perSecond.toFixed(0).padStart(5)} messages/s`,
    `p50 ${p50Ms.toFixed(1)} ms`,
    `p99 ${p99Ms.toFixed(1)} ms`,
    `CPU ms/message: ${cpu.join(', ') || 'unknown'}`,
    `event-loop delay p99 ${delayMs.toFixed(1)} ms`,
    ...(delivered > 0 ? [`${delivered.toFixed(0)} deliveries/s`] : []),
  ].join('  ');
}

/** Since the last look: the histogram begins anew at each. */
const eventLoopDelayP99Ms = (metrics: string): number =>
  Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics)?.[1] ?? 'NaN') * 1_000;

const disposable = (agent: Agent) => ({
  agent,
  [Symbol.asyncDispose]: () => agent.destroy(),
});
