import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import { noteAccess } from '../storage/media/access.ts';

export interface AccessPorts {
  readonly stored: Pick<Stored, 'now'>;
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

const EVERY_MS = 10 * 60_000;
const AT_ONCE = 200;
/** A row, its index and the way to both. */
const WAL_BYTES_EACH = 250;
/** Beyond it a file is noted with its next reader. */
const NOTED_MAX = 100_000;

/** When files were last asked for. What a writer had not written down when it died is lost: it is for the sweep of unused ones alone. */
export class LastAccess {
  readonly #ports: AccessPorts;
  readonly #end = new AbortController();
  #noted = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: AccessPorts) {
    this.#ports = ports;
  }

  note(mediaId: string): void {
    if (this.#noted.size < NOTED_MAX) this.#noted.add(mediaId);
  }

  /** Resolves when all that was noted before is written down, also what another call has in its hands. */
  write(): Promise<void> {
    const written = this.#writing.then(() => this.#writeNoted());
    this.#writing = written.catch(() => {});
    return written;
  }

  async #writeNoted(): Promise<void> {
    const noted = [...this.#noted];
    this.#noted = new Set();
    const atMs = this.#ports.stored.now();
    for (let at = 0; at < noted.length; at += AT_ONCE) {
      const some = noted.slice(at, at + AT_ONCE);
      await this.#writeSome(some, atMs).catch((error: unknown) => {
        for (const each of noted.slice(at)) this.note(each);
        throw error;
      });
    }
  }

  #writeSome(some: readonly string[], atMs: number) {
    return this.#ports.lane.piece(WAL_BYTES_EACH * some.length, (database) =>
      noteAccess(database, some, atMs),
    );
  }

  async keepWriting(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.write().catch(this.#ports.onError);
    }
  }

  close(): void {
    this.#end.abort();
  }
}
