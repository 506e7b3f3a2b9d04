import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import { forgetUpload } from '../storage/media/pieces.ts';
import { takePiecesAway } from './take-pieces-away.ts';

export interface AbandonedPorts {
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

const AGAIN_MS = 5_000;

/** Uploads that nobody will finish: their pieces are taken away, one upload behind the other, paced as they came. */
export class Abandoned {
  readonly #ports: AbandonedPorts;
  readonly #end = new AbortController();
  readonly #left = new Set<number>();
  #isWorking = false;

  constructor(ports: AbandonedPorts) {
    this.#ports = ports;
  }

  add(uploadNid: number): void {
    this.#left.add(uploadNid);
    if (!this.#isWorking) void this.#work();
  }

  close(): void {
    this.#end.abort();
  }

  async #work(): Promise<void> {
    const { signal } = this.#end;
    this.#isWorking = true;
    for (const uploadNid of this.#left) {
      if (signal.aborted) break;
      try {
        await this.#takeAway(uploadNid);
        this.#left.delete(uploadNid);
      } catch (error) {
        if (!signal.aborted) this.#ports.onError(error);
        await sleep(AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
      }
    }
    this.#isWorking = false;
    if (this.#left.size > 0 && !signal.aborted) void this.#work();
  }

  async #takeAway(uploadNid: number): Promise<void> {
    const { lane } = this.#ports;
    await this.#drop(uploadNid);
    await lane.piece(0, (database) => forgetUpload(database, uploadNid));
    // What was being staged meanwhile has come to its end, and nothing more begins.
    await this.#drop(uploadNid);
  }

  #drop(uploadNid: number): Promise<void> {
    return takePiecesAway(this.#ports.lane, { uploadNid, signal: this.#end.signal });
  }
}
