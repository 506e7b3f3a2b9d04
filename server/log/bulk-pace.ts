/**
 * A piece may hold the one stream of WAL for as long: what is committed meanwhile waits behind it (docs/design.md, D1).
 */
export const LINK_MS_MAX = 10;
export const PIECE_BYTES_MIN = 16 * 1024;
export const PIECE_BYTES_MAX = 256 * 1024;
const PIECE_BYTES_FIRST = 64 * 1024;
const PAUSE_MS_MAX = 1_000;
/** The quickest commit is forgotten by so much with each that is slower: another way to the standby may be longer. */
const FORGETS = 1.01;

/**
 * How large the next piece is, and how long to wait before it. What a commit takes beyond the quickest one is how long its
 * piece held the link; from that follows how much fits into the time that a piece may take.
 */
export class Pace {
  #bytes = PIECE_BYTES_FIRST;
  #quickestMs = Number.POSITIVE_INFINITY;
  #batchMs = 0;

  get pieceBytes(): number {
    return this.#bytes;
  }

  /** A batch of the log has come back. */
  batchTook(ms: number): void {
    this.#see(ms);
    this.#batchMs = Math.max(this.#batchMs, ms);
  }

  /** Answers for how many milliseconds nothing more is to be sent. */
  pieceTook(ms: number, bytes: number): number {
    this.#see(ms);
    this.#bytes = this.#bytesAfter(ms - this.#quickestMs, bytes);
    const batchMs = this.#batchMs;
    this.#batchMs = 0;
    const isHealthy = batchMs <= 2 * this.#quickestMs + LINK_MS_MAX;
    return isHealthy ? 0 : Math.min(batchMs, PAUSE_MS_MAX);
  }

  #bytesAfter(heldMs: number, bytes: number): number {
    // A last piece is short, and says nothing of what a full one would have cost.
    const mayGrow = bytes >= this.#bytes ? 2 * this.#bytes : this.#bytes;
    const fits = heldMs > 0 ? (bytes / heldMs) * LINK_MS_MAX : mayGrow;
    const wanted = heldMs > LINK_MS_MAX ? fits : Math.max(this.#bytes, Math.min(fits, mayGrow));
    return Math.floor(Math.min(Math.max(wanted, PIECE_BYTES_MIN), PIECE_BYTES_MAX));
  }

  #see(ms: number): void {
    this.#quickestMs = Math.min(ms, this.#quickestMs * FORGETS);
  }
}
