import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { commitRows } from '../../log/commit-rows.ts';
import { OutcomeUnknown } from '../../log/log.ts';
import type { Stored } from '../../log/stored.ts';
import { type ByteReader, NotThoseBytes } from '../../storage/database.ts';
import { type Content, mediaOf, uploadDoneRow } from '../../storage/media/media.ts';
import {
  contentsInStore,
  objectKeyOf,
  type Store,
  toObjectRow,
  toPiecesRow,
} from '../../storage/media/objects.ts';
import { bytesIn } from '../../storage/media/pieces.ts';
import { contentLock } from '../gone.ts';
import { pagesOf } from '../pages-of.ts';
import { REMOVAL_LOCK } from '../removal.ts';
import type { Staged, Staging } from '../staging.ts';
import { NoSuchObject, type ObjectStore } from './object-store.ts';

export interface MoverPorts {
  readonly stored: Stored;
  readonly pieces: ByteReader;
  readonly objects: ObjectStore;
  /** Where all files are to lie. */
  readonly wanted: Store;
  readonly staging: Pick<Staging, 'stage' | 'abandon'>;
  /** Bytes lie where nobody looks for them any more. */
  readonly onGone: () => void;
  readonly onError: (error: unknown) => void;
}

const PAGE = 100;
/** Most of a small file's time is spent waiting for the store and for its commit. */
const AT_ONCE = 4;
const STEP_BYTES = 512 * 1024;
/** So many that could not be moved, and none between them that could, are a store that is away. */
const FAILED_MAX = 10;
/** Twice as long each time, while some cannot be moved. */
const AGAIN_MS = 30_000;
const AGAIN_MS_MAX = 3_600_000;

/**
 * Brings files into the store where the operator wants them, some at once, while they are read and written. What
 * is still to be moved is read from the database each time, so the next writer goes on; a file is looked for in the other
 * store only when it is there whole, which is read and compared, and its old bytes go behind that.
 */
export class Mover {
  readonly #ports: MoverPorts;
  readonly #end = new AbortController();
  /** Told of once. */
  readonly #unmoved = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #failed = 0;

  constructor(ports: MoverPorts) {
    this.#ports = ports;
  }

  /** There is something to be moved. */
  begin(): void {
    this.#wake.resolve();
  }

  async keepMoving(): Promise<void> {
    const { signal } = this.#end;
    for (let againMs = AGAIN_MS; !signal.aborted; ) {
      this.#wake = Promise.withResolvers<void>();
      const isDone = await this.#moveAll();
      if (isDone) await this.#wake.promise;
      else await this.#pause(againMs);
      againMs = isDone ? AGAIN_MS : Math.min(2 * againMs, AGAIN_MS_MAX);
    }
  }

  end(): void {
    this.#end.abort(new Error('The server is ending'));
    this.begin();
  }

  /** False where something could not be moved. */
  async #moveAll(): Promise<boolean> {
    const { stored, wanted } = this.#ports;
    const from: Store = wanted === 's3' ? 'postgresql' : 's3';
    const page = (after: string) => contentsInStore(stored.database, from, { after, limit: PAGE });
    this.#failed = 0;
    let isWhole = true;
    try {
      for await (const some of pagesOf(page)) isWhole = (await this.#moveEach(some)) && isWhole;
      return isWhole;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  /** Some at once; where one gives up, the others of them are brought to their end, and no more begun. */
  async #moveEach(files: readonly Content[]): Promise<boolean> {
    const waiting = [...files];
    const moveOn = async (): Promise<boolean> => {
      let isWhole = true;
      for (let file = waiting.shift(); file; file = waiting.shift())
        isWhole = (await this.#tryMove(file).catch(giveUp)) && isWhole;
      return isWhole;
    };
    const giveUp = (error: unknown): never => {
      waiting.length = 0;
      throw error;
    };
    const moves = await Promise.allSettled(Array.from({ length: AT_ONCE }, moveOn));
    const [mistake] = moves.flatMap((each) => (each.status === 'rejected' ? [each] : []));
    if (mistake) throw mistake.reason;
    return moves.every((each) => each.status === 'fulfilled' && each.value);
  }

  /** One that cannot be moved keeps no others from it; each takes at most half of the time, so that others have theirs. */
  async #tryMove(file: Content): Promise<boolean> {
    this.#end.signal.throwIfAborted();
    const begunMs = performance.now();
    try {
      await this.#move(file);
      this.#failed = 0;
    } catch (error) {
      if (isOfFile(error)) return this.#tellOnce(error, file);
      this.#failed += 1;
      if (this.#failed === FAILED_MAX) throw error;
      this.#tell(error);
      return false;
    }
    await this.#pause(performance.now() - begunMs);
    return true;
  }

  /** Under a lock for which whoever takes the content away waits, so that no object is made behind that. */
  #move(file: Content): Promise<void> {
    const { stored, wanted, onGone } = this.#ports;
    return stored.locks.run(contentLock(file.uploadNid), async () => {
      if (!isSame((await mediaOf(stored.database, file.mediaId))?.content, file)) return;
      await (wanted === 's3' ? this.#toObject(file) : this.#toPieces(file));
      onGone();
    });
  }

  async #toObject(file: Content): Promise<void> {
    const { stored, pieces, objects } = this.#ports;
    const { bytes, sha256, uploadNid } = file;
    const key = objectKeyOf(file);
    const inPieces = this.#steps(file, (from, end) =>
      bytesIn(pieces, { uploadNid, from, end }, Buffer.allocUnsafe(end - from)),
    );
    await objects.put(key, { bytes, sha256, chunks: inPieces });
    const hash = createHash('sha256');
    const inObject = this.#steps(file, (from, end) => objects.bytes(key, from, end));
    for await (const chunk of inObject) hash.update(chunk);
    mustBe(file, hash.digest());
    await commitRows(stored.log, [toObjectRow(file)]);
  }

  async #toPieces(file: Content): Promise<void> {
    const { staging, objects } = this.#ports;
    const inObject = this.#steps(file, (from, end) => objects.bytes(file.objectKey!, from, end));
    const staged = await staging.stage(inObject, () => {});
    try {
      mustBe(file, staged.sha256);
      await this.#commitPieces(file, staged);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) staging.abandon(staged.uploadNid);
      throw error;
    }
  }

  /** While nothing is removed: the pieces of a media id that has gone would be nobody's. */
  #commitPieces(file: Content, { uploadNid }: Staged): Promise<void> {
    const { stored } = this.#ports;
    return stored.locks.run(REMOVAL_LOCK, async () => {
      if (!isSame((await mediaOf(stored.database, file.mediaId))?.content, file))
        throw new Error(`The file ${file.mediaId} has gone while it was moved`);
      await commitRows(stored.log, [toPiecesRow(file, uploadNid), uploadDoneRow(uploadNid)]);
    });
  }

  async *#steps(
    { bytes }: Content,
    read: (from: number, end: number) => Promise<Buffer>,
  ): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes; at += STEP_BYTES) {
      this.#end.signal.throwIfAborted();
      yield await read(at, Math.min(at + STEP_BYTES, bytes));
    }
  }

  #pause(ms: number): Promise<unknown> {
    return sleep(ms, undefined, { signal: this.#end.signal, ref: false }).catch(() => {});
  }

  /** What is damaged is not mended by another try. */
  #tellOnce(error: Error, { mediaId }: Content): boolean {
    if (!this.#unmoved.has(mediaId)) this.#tell(error);
    this.#unmoved.add(mediaId);
    return error instanceof Damaged;
  }

  #tell(error: unknown): void {
    if (!this.#end.signal.aborted) this.#ports.onError(error);
  }
}

/** It stays where it is. */
class Damaged extends Error {
  override readonly name = 'Damaged';
}

/** The store is there, whatever has become of this one: it says nothing of those behind it. */
const isOfFile = (error: unknown): error is Error =>
  error instanceof Damaged || error instanceof NoSuchObject || error instanceof NotThoseBytes;

const isSame = (now: Content | undefined, { uploadNid, objectKey }: Content): boolean =>
  now?.uploadNid === uploadNid && now.objectKey === objectKey;

function mustBe({ mediaId, sha256 }: Content, found: Buffer): void {
  if (!found.equals(sha256))
    throw new Damaged(`The file ${mediaId} is not moved: what was read is not what was uploaded`);
}
