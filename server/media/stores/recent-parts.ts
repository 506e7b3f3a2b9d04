import { Lru } from '../../log/lru.ts';

/** Of all parts together. */
const BYTES_MAX = 16 * 1024 * 1024;
/** What is kept of a part beside its bytes, and what a short one holds on to, counts too: else a file read by single bytes has no bound. */
export const PART_BYTES_MIN = 16 * 1024;

export interface PartOf {
  readonly uploadNid: number;
  readonly from: number;
  readonly end: number;
}

/**
 * The parts of files that were read last: what is shown in a room is asked for by all who are in it, most of them at once. What lies
 * under a number never changes; whether somebody may have it is asked before.
 */
export class RecentParts {
  /** Those that are just being read, too: for all who ask for them. */
  readonly #parts: Lru<string, Promise<Buffer>>;

  constructor(bytesMax = BYTES_MAX) {
    this.#parts = new Lru(bytesMax);
  }

  read({ uploadNid, from, end }: PartOf, read: () => Promise<Buffer>): Promise<Buffer> {
    const key = `${uploadNid} ${from} ${end}`;
    const known = this.#parts.get(key);
    if (known) return known;
    const reading = read();
    this.#parts.set(key, reading, Math.max(end - from, PART_BYTES_MIN));
    reading.catch(() => this.#parts.delete(key));
    return reading;
  }
}
