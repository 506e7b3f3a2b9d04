import { Worker } from 'node:worker_threads';
import { Turns } from '../../../log/turns.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { Said, Task, TellEvents, Told } from './messages.ts';

const PROGRAM = new URL('resolution-worker.ts', import.meta.url);
/** The auth chains of the largest rooms fit in; what does not ends the thread, and not the server. */
const MEMORY_MIB_MAX = 768;
const IDLE_MS = 60_000;

/**
 * Resolves large conflicts of states aside, one at a time, in a thread that is started when it is needed. It reads nothing:
 * what it asks for it is told, from the database or of what is just being taken in.
 */
export class ResolutionThread {
  readonly #turns = new Turns(1);
  readonly #idleMs: number;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor({ idleMs = IDLE_MS }: { idleMs?: number } = {}) {
    this.#idleMs = idleMs;
  }

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Rejects where the thread ends, and where `tell` does; the next conflict gets another thread then. */
  resolve(task: Omit<Task, 'kind'>, tell: TellEvents): Promise<StateMap> {
    return this.#turns.run(async () => {
      clearTimeout(this.#idle);
      const worker = this.#worker ?? this.#start();
      try {
        return await answeredBy(worker, { kind: 'resolve', ...task }, tell);
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
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB_MAX },
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

async function answeredBy(worker: Worker, task: Task, tell: TellEvents): Promise<StateMap> {
  const { promise, resolve, reject } = Promise.withResolvers<StateMap>();
  const post = (told: Told) => worker.postMessage(told);
  const ended = () => reject(new Error('The thread that resolves states has ended'));
  const heard = (said: Said) => {
    if (said.kind === 'resolved') resolve(said.resolved);
    else tell(said.ids).then((events) => post({ kind: 'events', events }), reject);
  };
  worker.on('message', heard).once('error', reject).once('exit', ended);
  try {
    post(task);
    return await promise;
  } finally {
    worker.off('message', heard).off('error', reject).off('exit', ended);
  }
}
