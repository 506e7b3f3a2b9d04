/** 4 MiB. */
const WORDS = 2 ** 20;
const HASHES = 4;
/** Of the 32 bits that a hash takes of a key, those that name one of the filter's 2^25. */
const SHIFT = 32 - Math.log2(WORDS * 32);

/**
 * Which keys were surely never added (Bloom, 1970). Of keys that were not, it takes one in 400 for one that may have been where
 * it holds two million, and one in six where it holds eight: it never grows. The first 16 bytes of a key must be as good as random.
 */
export class KeyFilter {
  readonly #words = new Uint32Array(WORDS);
  /** Those that were added twice count twice. */
  count = 0;

  /** `at`: where in `bytes` the key begins. */
  add(bytes: Buffer, at = 0): void {
    this.count++;
    for (let n = 0; n < HASHES; n++) {
      const bit = bitOf(bytes, at, n);
      this.#words[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  lacks(key: Buffer): boolean {
    for (let n = 0; n < HASHES; n++) {
      const bit = bitOf(key, 0, n);
      if ((this.#words[bit >>> 5]! & (1 << (bit & 31))) === 0) return true;
    }
    return false;
  }
}

const bitOf = (bytes: Buffer, at: number, n: number): number =>
  bytes.readUInt32LE(at + 4 * n) >>> SHIFT;
