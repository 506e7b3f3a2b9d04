import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../server/storage/database.ts';

export interface Watched {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** What the event loop was late by. */
  readonly lateMaxMs: number;
  readonly lateP99Ms: number;
  readonly residentMiB: number;
  readonly heapMiB: number;
  readonly walMiB: number;
  /** What others' commits took meanwhile. */
  readonly otherP50Ms: number;
  readonly otherP99Ms: number;
  readonly otherMaxMs: number;
}

/** Does the work, and sees what it is for all others, who say something every 50 ms. */
export async function watched(
  work: () => Promise<unknown>,
  { others, database }: { others: () => Promise<unknown>; database: Database },
): Promise<Watched> {
  const late = monitorEventLoopDelay({ resolution: 1 });
  const wal = () => walBytes(database);
  const [walBefore, cpuBefore, begun] = [await wal(), process.cpuUsage(), performance.now()];
  late.enable();
  const peak = { resident: 0, heap: 0 };
  let isDone = false;
  const looking = setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage();
    peak.resident = Math.max(peak.resident, rss);
    peak.heap = Math.max(peak.heap, heapUsed);
  }, 50);
  const othersMs = saidMeanwhile(others, () => isDone);
  try {
    await work();
  } finally {
    isDone = true;
    clearInterval(looking);
    late.disable();
  }
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const took = (await othersMs).toSorted((a, b) => a - b);
  return {
    ...{ seconds, cpuSeconds: (user + system) / 1e6 },
    ...{ lateMaxMs: late.max / 1e6, lateP99Ms: late.percentile(99) / 1e6 },
    ...{ residentMiB: peak.resident / MIB, heapMiB: peak.heap / MIB },
    walMiB: ((await wal()) - walBefore) / MIB,
    ...{ otherP50Ms: at(took, 0.5), otherP99Ms: at(took, 0.99), otherMaxMs: took.at(-1) ?? 0 },
  };
}

const MIB = 1_048_576;

/** Each at its time, whether the one before has come back or not. */
async function saidMeanwhile(say: () => Promise<unknown>, isDone: () => boolean) {
  const tookMs: number[] = [];
  const all: Promise<unknown>[] = [];
  while (!isDone()) {
    const begun = performance.now();
    all.push(say().then(() => tookMs.push(performance.now() - begun)));
    await sleep(50);
  }
  await Promise.all(all);
  return tookMs;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? 0;

async function walBytes(database: Database): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(
    'wal_bytes',
    `SELECT (pg_current_wal_lsn() - '0/0')::int8 AS bytes`,
  );
  return row!.bytes;
}
