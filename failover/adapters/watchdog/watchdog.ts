import { Worker } from 'node:worker_threads';

/** A machine that is only busy makes stalls of a second or two (seen at load 20); none of ten. */
export const STANDSTILL_MS = 10_000;
const BEATS_PER_STANDSTILL = 20;
/** So long is waited for the place where it stands: native code never says. */
const STACK_WITHIN_MS = 1_000;

/** What the watching thread is given. */
export interface Watch {
  readonly beats: Int32Array;
  readonly beatMs: number;
  readonly beatsMissedMax: number;
  readonly stackWithinMs: number;
}

/**
 * Ends this process by SIGKILL when its event loop has stood still for so long; its supervisor starts it
 * again. An agent that computes for ever is worse than none: its site keeps Patroni's leader key, and
 * nobody writes. The thread counts its own beats, so a process that was stopped as a whole, or a
 * machine that was suspended, is not taken for one.
 */
export function startWatchdog(standstillMs = STANDSTILL_MS, stackWithinMs = STACK_WITHIN_MS): void {
  const beatMs = standstillMs / BEATS_PER_STANDSTILL;
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(beats, 0, 1), beatMs).unref();
  const beatsMissedMax = BEATS_PER_STANDSTILL;
  const workerData: Watch = { beats, beatMs, beatsMissedMax, stackWithinMs };
  new Worker(new URL('./thread.ts', import.meta.url), { workerData, execArgv: [] }).unref();
}
