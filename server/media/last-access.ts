import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import { noteAccess } from '../storage/media/access.ts';

export interface AccessPorts {
  readonly stored: Pick<Stored, 'now'>;
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

/** To the day: a file that is read all the time is written down once in it. */
const DAY_MS = 24 * 3_600_000;
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

  constructor(ports: AccessPorts) {
    this.#ports = ports;
  }

  note(mediaId: string): void {
    if (this.#noted.size < NOTED_MAX) this.#noted.add(mediaId);
  }

  async write(): Promise<void> {
    const noted = [...this.#noted];
    this.#noted = new Set();
    const when = { atMs: this.#ports.stored.now(), atLeastMs: DAY_MS };
    for (let at = 0; at < noted.length; at += AT_ONCE) {
      const some = noted.slice(at, at + AT_ONCE);
      await this.#ports.lane.piece(WAL_BYTES_EACH * some.length, (database) =>
        noteAccess(database, some, when),
      );
    }
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
