/** Of blocks that nobody has so many bytes are kept. */
const FREE_BYTES_MAX = 4 * 1024 * 1024;
export const BLOCK_BYTES_MIN = 16 * 1024;

/**
 * Room for parts of files, used again when nobody reads it: as garbage it would be outside of V8's heap, which is collected as a
 * whole for each few MB of that.
 */
export class Blocks {
  /** By how long they are. */
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** One that is long enough, whatever stands in it. */
  take(bytes: number): Buffer {
    const length = lengthFor(bytes);
    const block = this.#free.get(length)?.pop();
    if (block === undefined) return Buffer.allocUnsafeSlow(length);
    this.#freeBytes -= length;
    return block;
  }

  /** Nobody reads it, nor writes to it, any more. */
  giveBack(block: Buffer): void {
    if (this.#freeBytes + block.length > FREE_BYTES_MAX) return;
    const free = this.#free.get(block.length) ?? [];
    this.#free.set(block.length, free);
    free.push(block);
    this.#freeBytes += block.length;
  }
}

/** Few lengths, so that one fits the next. */
export function lengthFor(bytes: number): number {
  let length = BLOCK_BYTES_MIN;
  while (length < bytes) length *= 2;
  return length;
}
