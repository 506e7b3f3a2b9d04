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
  take(bytes: number): Whole {
    return new Whole(this.#placeOf(bytes), (place) => this.#giveBack(place));
  }

  #placeOf(bytes: number): Buffer {
    const at = this.#free.findIndex(({ length }) => length >= bytes && length <= 2 * bytes);
    if (at < 0) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    const [place] = this.#free.splice(at, 1);
    this.#freeBytes -= place!.length;
    return place!;
  }

  /** What was given back last stays: it is most like what comes. */
  #giveBack(place: Buffer): void {
    this.#free.push(place);
    this.#freeBytes += place.length;
    while (this.#freeBytes > FREE_BYTES_MAX) this.#freeBytes -= this.#free.shift()!.length;
  }
}

/** A place, which is another answer's when everybody who holds it has let go: whoever took it, and whoever held it since. */
export class Whole {
  readonly place: Buffer;
  readonly #giveBack: (place: Buffer) => void;
  #holders = 1;

  constructor(place: Buffer, giveBack: (place: Buffer) => void) {
    this.place = place;
    this.#giveBack = giveBack;
  }

  hold(): void {
    this.#holders += 1;
  }

  /** Once for each time that it was held: nobody reads it, nor writes to it, on their behalf any more. */
  letGo(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#giveBack(this.place);
  }
}
