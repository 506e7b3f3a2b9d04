import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';

/**
 * Loaded into the server (`node --import`): tells its parent what the main thread has cost. CPU time
 * of the thread and a count of statements, not time on the wall, so a busy machine changes nothing.
 */
export interface Measured {
  /** The most that one turn of the event loop has computed since the last question. */
  readonly turnMs: number;
  /** What the main thread has computed since the last question. */
  readonly cpuMs: number;
  /** What the database was asked since the last question. */
  readonly statements: number;
  /** Reachable memory; only where it was asked for. */
  readonly heapBytes?: number;
}
/** `yardstick`: what a known piece of work costs now, as `cpuMs`; it is nobody's cost. */
export type Question = 'cost' | 'memory' | 'yardstick';

const TICK_MS = 5;

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let lastTick = cpuMs();
let lastAsked = lastTick;
let turnMs = 0;
let statements = 0;

/** The most that a body may hold, parsed and walked, which no endpoint that takes it is spared. */
const FULL = `{${Array.from({ length: 60_000 }, (_, n) => `"x${n}":"x${n}"`).join()}}`;

/** What a thread computes in a millisecond depends on what else its core does: another thread of it, another guest. */
function yardstickMs(): number {
  const begun = cpuMs();
  const full = JSON.parse(FULL) as Record<string, string>;
  Object.entries(full);
  JSON.stringify(full);
  return cpuMs() - begun;
}

/** Between two ticks of a timer lies a turn: what was computed between them, one turn has computed. */
function tick() {
  const now = cpuMs();
  turnMs = Math.max(turnMs, now - lastTick);
  lastTick = now;
}

function answer(question: Question): Measured {
  tick();
  const now = cpuMs();
  const measured = { turnMs, cpuMs: now - lastAsked, statements };
  turnMs = 0;
  statements = 0;
  lastAsked = now;
  if (question === 'cost') return measured;
  if (question === 'yardstick') {
    const measuredNow = { ...measured, cpuMs: yardstickMs() };
    forgetSinceLast();
    return measuredNow;
  }
  for (let round = 0; round < 3; round += 1) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  // What the collector has computed is nobody's turn.
  forgetSinceLast();
  return { ...measured, heapBytes: heapUsed + external };
}

function forgetSinceLast() {
  lastTick = cpuMs();
  lastAsked = lastTick;
}

/** All that goes to PostgreSQL goes through the driver, whoever asks. */
function countStatements() {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function counted(this: pg.Client, ...given: unknown[]) {
    statements += 1;
    return Reflect.apply(query, this, given);
  } as typeof query;
}

if (process.send) {
  countStatements();
  setInterval(tick, TICK_MS).unref();
  process.on('message', (question: Question) => process.send!(answer(question)));
  process.channel?.unref();
}
