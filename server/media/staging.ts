import { createHash } from 'node:crypto';
import type { BulkLane } from '../log/bulk.ts';
import { rowsAlone } from '../log/change.ts';
import { NotWriter } from '../log/log.ts';
import type { Stored } from '../log/stored.ts';
import { uploadBegunRow } from '../storage/media/media.ts';
import { stagePiece, uploadsUpTo } from '../storage/media/pieces.ts';
import { Abandoned } from './abandoned.ts';
import { inPieces } from './pieces.ts';

export interface StagingPorts {
  readonly stored: Stored;
  readonly lane: BulkLane;
  readonly onError: (error: unknown) => void;
}

export interface Staged {
  readonly uploadNid: number;
  readonly bytes: number;
  readonly sha256: Buffer;
}

/** What is being uploaded, until it belongs to a media id. */
export class Staging {
  readonly #ports: StagingPorts;
  readonly #abandoned: Abandoned;

  constructor(ports: StagingPorts) {
    this.#ports = ports;
    this.#abandoned = new Abandoned(ports);
  }

  /**
   * Stages all that comes; whoever stages commits `uploadDoneRow` along with what refers to it. Where that or the
   * content fails, nothing is left: here, or by the next writer where this one ended.
   */
  async stage(chunks: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): Promise<Staged> {
    const uploadNid = await this.#begin();
    try {
      return { uploadNid, ...(await this.#put(uploadNid, chunks, onBytes)) };
    } catch (error) {
      this.abandon(uploadNid);
      throw error;
    }
  }

  /** It will certainly not be committed. */
  abandon(uploadNid: number): void {
    this.#abandoned.add(uploadNid);
  }

  /** What the writers of before have left. */
  async sweep(): Promise<void> {
    const { database, log } = this.#ports.stored;
    // Those of this writer have higher numbers.
    const before = log.committed.position;
    for (const uploadNid of await uploadsUpTo(database, before)) this.abandon(uploadNid);
  }

  close(): void {
    this.#abandoned.close();
  }

  /** Committed first: the number is then no other writer's, and whatever is staged under it is found. */
  #begin(): Promise<number> {
    return this.#ports.stored.log.commit((next) => {
      const uploadNid = next();
      const rows = [uploadBegunRow(uploadNid)];
      return { change: rowsAlone(rows), value: uploadNid };
    });
  }

  async #put(
    uploadNid: number,
    chunks: AsyncIterable<Buffer>,
    onBytes: (bytes: number) => void,
  ): Promise<Omit<Staged, 'uploadNid'>> {
    const { lane } = this.#ports;
    const hash = createHash('sha256');
    let beginsAt = 0;
    for await (const bytes of inPieces(chunks, () => lane.pieceBytes)) {
      onBytes(beginsAt + bytes.length);
      const piece = { uploadNid, beginsAt, bytes };
      const isUnderWay = await lane.piece(bytes.length, (database) => stagePiece(database, piece));
      if (!isUnderWay) throw new NotWriter('Another writer has taken this upload away');
      hash.update(bytes);
      beginsAt += bytes.length;
    }
    return { bytes: beginsAt, sha256: hash.digest() };
  }
}
