import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Ran, together } from './sum.ts';

/** Threads that run seeds, so many at a time each. */
export class Workers {
  readonly #workers: readonly Worker[];

  constructor(count: number) {
    const path = new URL('seeds-worker.ts', import.meta.url);
    // States live for one step: with room for them a fifth less of the time goes into removing them.
    const options = { resourceLimits: { maxYoungGenerationSizeMb: 96 } };
    this.#workers = Array.from({ length: count }, () => new Worker(path, options));
  }

  get count(): number {
    return this.#workers.length;
  }

  /** Those from `from` on, before `end`. */
  async run(from: number, end: number): Promise<Ran> {
    const share = Math.ceil((end - from) / this.count);
    const shares = this.#workers.map(async (worker, at) => {
      const begins = Math.min(end, from + at * share);
      worker.postMessage([begins, Math.min(end, begins + share)]);
      const [ran] = await once(worker, 'message');
      return ran as Ran;
    });
    return together(await Promise.all(shares));
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
