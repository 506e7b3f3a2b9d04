import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import { forgetGone, type Gone, someGone } from '../storage/media/removal.ts';
import { takePiecesAway } from './take-pieces-away.ts';

export interface GonePorts {
  readonly stored: Pick<Stored, 'database'>;
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

const AT_ONCE = 100;
const AGAIN_MS = 5_000;

/**
 * Takes the bytes away of content that has no media id any more, paced as uploads are. What is still to be done stands
 * in the database alone, so the next writer goes on.
 */
export class GoneContent {
  readonly #ports: GonePorts;
  readonly #end = new AbortController();
  #isWorking = false;
  #hasMore = false;

  constructor(ports: GonePorts) {
    this.#ports = ports;
  }

  /** There is some. */
  begin(): void {
    this.#hasMore = true;
    if (!this.#isWorking) void this.#work();
  }

  close(): void {
    this.#end.abort();
  }

  async #work(): Promise<void> {
    const { signal } = this.#end;
    this.#isWorking = true;
    while (this.#hasMore && !signal.aborted) {
      this.#hasMore = false;
      try {
        await this.#takeAll();
      } catch (error) {
        this.#hasMore = true;
        if (!signal.aborted) this.#ports.onError(error);
        await sleep(AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
      }
    }
    this.#isWorking = false;
  }

  async #takeAll(): Promise<void> {
    for (;;) {
      const some = await someGone(this.#ports.stored.database, AT_ONCE);
      for (const each of some) await this.#takeAway(each);
      if (some.length < AT_ONCE) return;
    }
  }

  async #takeAway(gone: Gone): Promise<void> {
    const { lane } = this.#ports;
    await takePiecesAway(lane, { uploadNid: gone.uploadNid, signal: this.#end.signal });
    await lane.piece(0, (database) => forgetGone(database, gone));
  }
}
