import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Loaded into the server (`node --import`): tells its parent what the main thread has cost. CPU time
 * of the thread, not time on the wall, so a busy machine changes nothing.
 */
export interface Measured {
  /** The most that one turn of the event loop has computed since the last question. */
  readonly turnMs: number;
  /** What the main thread has computed since the last question. */
  readonly cpuMs: number;
  /** Reachable memory; only where it was asked for. */
  readonly heapBytes?: number;
}
export type Question = 'cpu' | 'memory';

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

/** Between two ticks of a timer lies a turn: what was computed between them, one turn has computed. */
function tick() {
  const now = cpuMs();
  turnMs = Math.max(turnMs, now - lastTick);
  lastTick = now;
}

function answer(question: Question): Measured {
  tick();
  const now = cpuMs();
  const measured = { turnMs, cpuMs: now - lastAsked };
  turnMs = 0;
  lastAsked = now;
  if (question === 'cpu') return measured;
  for (let round = 0; round < 3; round += 1) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  // What the collector has computed is nobody's turn.
  lastTick = cpuMs();
  lastAsked = lastTick;
  return { ...measured, heapBytes: heapUsed + external };
}

if (process.send) {
  setInterval(tick, TICK_MS).unref();
  process.on('message', (question: Question) => process.send!(answer(question)));
  process.channel?.unref();
}
