import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteWriter, Database } from '../storage/database.ts';
import { Pace } from './bulk-pace.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import type { Writer } from './writer.ts';

export interface BulkPorts {
  /** A connection of its own, whose commits wait for the standby as those of the log do. */
  readonly database: Database & ByteWriter;
  readonly log: Pick<Writer, 'onBatch'>;
  readonly now?: () => number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * What is large and not yet anybody's: it goes to the database in pieces beside the log, one at a time in all, the next
 * when the last is replicated and commits come back as quickly as they did. Only the row that makes it count goes
 * through the log, behind them: WAL is one stream, so whoever has that row has the pieces.
 */
export class BulkLane {
  readonly #ports: BulkPorts;
  readonly #pace = new Pace();
  readonly #turns = new KeyedMutex();

  constructor(ports: BulkPorts) {
    this.#ports = ports;
    ports.log.onBatch(({ seconds }) => this.#pace.batchTook(seconds * 1_000));
  }

  /** How large a piece may be now. */
  get pieceBytes(): number {
    return this.#pace.pieceBytes;
  }

  /** Does one piece's work in its turn; `bytes` is what it adds to the stream. Resolves when there is room for another. */
  piece<T>(bytes: number, work: (database: Database & ByteWriter) => Promise<T>): Promise<T> {
    const { database, now = () => performance.now(), pause = sleep } = this.#ports;
    return this.#turns.run('the link', async () => {
      const begun = now();
      const done = await work(database);
      const waitMs = this.#pace.pieceTook(now() - begun, bytes);
      if (waitMs > 0) await pause(waitMs);
      return done;
    });
  }
}
