import { Lru } from '../../log/lru.ts';
import { Blocks, lengthFor } from './blocks.ts';

/** Of all parts together. */
const BYTES_MAX = 16 * 1024 * 1024;

export interface PartOf {
  readonly uploadNid: number;
  readonly from: number;
  readonly end: number;
}

/** A part that somebody reads: once it is given back, other bytes may come into its place. */
export interface Lent {
  readonly bytes: Buffer;
  /** Once. */
  giveBack(): void;
}

/** Reads a part: into a place of that length, which it may ask for once, or one of its own. */
export type Read = (place: () => Buffer) => Promise<Buffer>;

/**
 * The parts of files that were read last: what is shown in a room is asked for by all who are in it, most of them at once. What lies
 * under a number never changes; whether somebody may have it is asked before.
 */
export class RecentParts {
  readonly #blocks = new Blocks();
  /** Those that are just being read, too: for all who ask for them. */
  readonly #parts: Lru<string, Part>;

  constructor(bytesMax = BYTES_MAX) {
    this.#parts = new Lru(bytesMax, (part) => part.letGo());
  }

  async read({ uploadNid, from, end }: PartOf, read: Read): Promise<Lent> {
    const key = `${uploadNid} ${from} ${end}`;
    const part = this.#parts.get(key) ?? this.#begin(key, end - from, read);
    try {
      return await part.lend();
    } catch (error) {
      this.#parts.delete(key);
      throw error;
    }
  }

  /** What is kept of a part beside its bytes counts, too: else a file read by single bytes has no bound. */
  #begin(key: string, bytes: number, read: Read): Part {
    const part = new Part(bytes, this.#blocks, read);
    this.#parts.set(key, part, lengthFor(bytes));
    return part;
  }
}

/** Its block is another's when it is neither kept nor read. */
class Part {
  readonly #blocks: Blocks;
  readonly #reading: Promise<Buffer>;
  /** Once all of it is there: of a read that failed, something may still come. */
  #block: Buffer | undefined;
  #isKept = true;
  #readers = 0;

  constructor(bytes: number, blocks: Blocks, read: Read) {
    this.#blocks = blocks;
    let block: Buffer | undefined;
    const place = () => {
      block = blocks.take(bytes);
      return block.subarray(0, bytes);
    };
    this.#reading = read(place).then((part) => {
      this.#block = block;
      return part;
    });
  }

  async lend(): Promise<Lent> {
    this.#readers += 1;
    let isRead = true;
    const giveBack = () => {
      if (isRead) this.#readers -= 1;
      isRead = false;
      this.#freeUnlessUsed();
    };
    try {
      return { bytes: await this.#reading, giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  letGo(): void {
    this.#isKept = false;
    this.#freeUnlessUsed();
  }

  #freeUnlessUsed(): void {
    if (this.#isKept || this.#readers > 0 || this.#block === undefined) return;
    this.#blocks.giveBack(this.#block);
    this.#block = undefined;
  }
}
