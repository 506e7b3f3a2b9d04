import { Worker } from 'node:worker_threads';
import { FairTurns, type TurnBounds } from '../../../log/fair-turns.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { Said, Task, TellEvents, Told } from './messages.ts';
import { NoTurnYet, Unresolved } from './unresolved.ts';
import { WorkerTime } from './worker-time.ts';

const PROGRAM = new URL('resolution-worker.ts', import.meta.url);
/** The auth chains of the largest rooms fit in; what does not ends the thread, and not the server. */
const MEMORY_MIB_MAX = 768;
const IDLE_MS = 60_000;
/** For a turn. */
const WAIT_MS = 30_000;
/** Rooms, or the domains that bring events, take turns: who has many conflicts waits for themselves. */
const TURNS: TurnBounds = { atOnce: 1, waiting: 1_000, waitingOfOne: 100 };

interface Asked {
  readonly tell: TellEvents;
  /** Whose turn it is. */
  readonly who: string;
  /** Of the thread's own time. */
  readonly withinMs: number;
}

/**
 * Resolves large conflicts of states aside, one at a time, in a thread that is started when it is needed. It reads nothing:
 * what it asks for it is told, from the database or of what is just being taken in.
 */
export class ResolutionThread {
  readonly #turns = new FairTurns(TURNS);
  readonly #idleMs: number;
  readonly #withinMsMax: number;
  readonly #waitMs: number;
  readonly #memoryMiBMax: number;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    options: { idleMs?: number; withinMs?: number; waitMs?: number; memoryMiBMax?: number } = {},
  ) {
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#withinMsMax = options.withinMs ?? Infinity;
    this.#waitMs = options.waitMs ?? WAIT_MS;
    this.#memoryMiBMax = options.memoryMiBMax ?? MEMORY_MIB_MAX;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Rejects with `Unresolved` where it lies with the conflict, and where `tell` does; the next one gets another thread then. */
  async resolve(task: Omit<Task, 'kind'>, how: Asked): Promise<StateMap> {
    const waiting = AbortSignal.timeout(this.#waitMs);
    try {
      return await this.#turns.run(how.who, () => this.#resolve(task, how), waiting);
    } catch (error) {
      if (error !== waiting.reason) throw error;
      throw new NoTurnYet(`The state of ${task.roomId} was not resolved: others are`);
    }
  }

  async #resolve(task: Omit<Task, 'kind'>, { tell, withinMs }: Asked): Promise<StateMap> {
    clearTimeout(this.#idle);
    const worker = this.#worker ?? this.#start();
    try {
      const how = { tell, withinMs: Math.min(withinMs, this.#withinMsMax) };
      return await answeredBy(worker, { kind: 'resolve', ...task }, how);
    } catch (error) {
      // It may wait for an answer that never comes.
      this.close();
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.close(), this.#idleMs).unref();
    }
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
