/** Of what nobody has so much is kept. */
const FREE_BYTES_MAX = 8 * 1024 * 1024;
/** Lengths are whole numbers of these, so that one fits the next. */
const STEP_BYTES = 64 * 1024;

/**
 * Room for answers that are kept whole until their clients have them, used again: a piece of memory for each file that passes
 * was made by the kernel each time, and garbage outside of V8's heap.
 */
export class Wholes {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** One that is long enough, and not twice as long as that, whatever stands in it. */
  take(bytes: number): Buffer {
    const at = this.#free.findIndex(({ length }) => length >= bytes && length <= 2 * bytes);
    if (at < 0) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    const [place] = this.#free.splice(at, 1);
    this.#freeBytes -= place!.length;
    return place!;
  }

  /** Nobody reads it, nor writes to it, any more. What was given back last stays: it is most like what comes. */
  giveBack(place: Buffer): void {
    this.#free.push(place);
    this.#freeBytes += place.length;
    while (this.#freeBytes > FREE_BYTES_MAX) this.#freeBytes -= this.#free.shift()!.length;
  }
}
