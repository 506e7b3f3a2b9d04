import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import { NotWriter } from '../log/log.ts';
import type { Stored } from '../log/stored.ts';
import { forgetGone, type Gone, someGone } from '../storage/media/removal.ts';
import type { ObjectStore } from './stores/object-store.ts';
import { takePiecesAway } from './take-pieces-away.ts';

export interface GonePorts {
  readonly stored: Pick<Stored, 'database' | 'locks'> & {
    readonly log: Pick<Stored['log'], 'mayAnswer'>;
  };
  readonly lane: BulkLane;
  /** Undefined where the operator names none: what lies there then is theirs to take away. */
  readonly objects?: Pick<ObjectStore, 'remove'> | undefined;
  readonly onError: (error: unknown) => void;
  readonly againMs?: number;
}

const AT_ONCE = 100;
const AGAIN_MS = 5_000;

/** While content is moved, or taken away, nobody does the other. */
export const contentLock = (uploadNid: number): string => `content ${uploadNid}`;

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
        if (!signal.aborted && !(error instanceof NotWriter)) this.#ports.onError(error);
        await sleep(this.#ports.againMs ?? AGAIN_MS, undefined, { signal, ref: false }).catch(
          () => {},
        );
      }
    }
    this.#isWorking = false;
  }

  /** What cannot be taken away, in a store that is away, keeps nothing else from it. */
  async #takeAll(): Promise<void> {
    const { database } = this.#ports.stored;
    let mistake: unknown;
    for (let after = 0; ; ) {
      const some = await someGone(database, { after, limit: AT_ONCE });
      this.#mustBeTold();
      for (const each of some)
        await this.#takeAway(each).catch((error: unknown) => {
          this.#end.signal.throwIfAborted();
          mistake ??= error;
        });
      if (some.length < AT_ONCE) break;
      after = some.at(-1)!.uploadNid;
    }
    if (mistake !== undefined) throw mistake;
  }

  #takeAway(gone: Gone): Promise<void> {
    const { stored, lane, objects } = this.#ports;
    const { uploadNid, objectKey } = gone;
    return stored.locks.run(contentLock(uploadNid), async () => {
      await takePiecesAway(lane, { uploadNid, signal: this.#end.signal });
      this.#mustBeTold();
      if (objectKey !== null) await objects?.remove(objectKey);
      await lane.piece(0, (database) => forgetGone(database, gone));
    });
  }

  /**
   * What was read may be committed and lacking at the next writer, while nothing may be told: there the object is still somebody's
   * file, and it does not come back. Pieces do, since they went in the same database.
   */
  #mustBeTold(): void {
    if (!this.#ports.stored.log.mayAnswer())
      throw new NotWriter('Nothing is taken away while nothing may be told');
  }
}
