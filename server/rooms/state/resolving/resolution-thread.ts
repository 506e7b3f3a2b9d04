import { Worker } from 'node:worker_threads';
import { FairTurns, type TurnBounds } from '../../../log/fair-turns.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { Said, Task, TellEvents, Told } from './messages.ts';
import { Unresolved } from './unresolved.ts';
import { WorkerTime } from './worker-time.ts';

const PROGRAM = new URL('resolution-worker.ts', import.meta.url);
/** The auth chains of the largest rooms fit in; what does not ends the thread, and not the server. */
const MEMORY_MIB_MAX = 768;
const IDLE_MS = 60_000;
/** Of the largest rooms a conflict of everything takes some seconds. */
const WITHIN_MS = 60_000;
/** The rooms take turns: one that has many conflicts waits for itself. */
const TURNS: TurnBounds = { atOnce: 1, waiting: 1_000, waitingOfOne: 100 };

/**
 * Resolves large conflicts of states aside, one at a time, in a thread that is started when it is needed. It reads nothing:
 * what it asks for it is told, from the database or of what is just being taken in.
 */
export class ResolutionThread {
  readonly #turns = new FairTurns(TURNS);
  readonly #idleMs: number;
  readonly #withinMs: number;
  readonly #memoryMiBMax: number;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: { idleMs?: number; withinMs?: number; memoryMiBMax?: number } = {}) {
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#withinMs = options.withinMs ?? WITHIN_MS;
    this.#memoryMiBMax = options.memoryMiBMax ?? MEMORY_MIB_MAX;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Rejects with `Unresolved` where it lies with the conflict, and where `tell` does; the next one gets another thread then. */
  resolve(task: Omit<Task, 'kind'>, tell: TellEvents): Promise<StateMap> {
    return this.#turns.run(task.roomId, async () => {
      clearTimeout(this.#idle);
      const worker = this.#worker ?? this.#start();
      try {
        const how = { tell, withinMs: this.#withinMs };
        return await answeredBy(worker, { kind: 'resolve', ...task }, how);
      } catch (error) {
        // It may wait for an answer that never comes.
        this.close();
        throw error;
      } finally {
        this.#idle = setTimeout(() => this.close(), this.#idleMs).unref();
      }
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, {
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMiBMax },
    });
    // Nobody's end waits for it; whoever waits for its answer listens, too.
    worker.unref();
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

async function answeredBy(
  worker: Worker,
  task: Task,
  { tell, withinMs }: { tell: TellEvents; withinMs: number },
): Promise<StateMap> {
  const { promise, resolve, reject } = Promise.withResolvers<StateMap>();
  const fail = (why: string, cause?: unknown) =>
    reject(new Unresolved(`The state of ${task.roomId} was not resolved: ${why}`, { cause }));
  const broken = (error: Error) => fail(error.message, error);
  // By us: what takes too much memory says so before it ends.
  const ended = () => reject(new Error('The thread that resolves states has ended'));
  const time = new WorkerTime(withinMs, () => fail(`it took more than ${withinMs} ms`));
  const told = (events: Extract<Told, { kind: 'events' }>['events']) => {
    time.goesOn();
    worker.postMessage({ kind: 'events', events } satisfies Told);
  };
  const heard = (said: Said) => {
    if (said.kind === 'resolved') return resolve(said.resolved);
    time.waits();
    tell(said.ids).then(told, reject);
  };
  worker.on('message', heard).once('error', broken).once('exit', ended);
  try {
    worker.postMessage(task);
    return await promise;
  } finally {
    time.end();
    worker.off('message', heard).off('error', broken).off('exit', ended);
  }
}
