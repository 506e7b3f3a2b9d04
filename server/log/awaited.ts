import { setTimeout as sleep } from 'node:timers/promises';

const WAITING_MAX = 10_000;

/** Who waits for content that is still to be uploaded. */
export class Awaited {
  readonly #waiting = new Map<string, Set<() => void>>();
  #count = 0;

  /** Resolves when it has come, the time is over, or there are too many who wait. */
  async wait(mediaId: string, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    if (this.#count >= WAITING_MAX) return;
    const over = new AbortController();
    const come = () => over.abort();
    const others = this.#waiting.get(mediaId) ?? new Set();
    this.#waiting.set(mediaId, others.add(come));
    this.#count += 1;
    try {
      const either = AbortSignal.any([over.signal, signal]);
      await sleep(ms, undefined, { signal: either, ref: false }).catch(() => {});
    } finally {
      this.#count -= 1;
      others.delete(come);
      if (others.size === 0 && this.#waiting.get(mediaId) === others) this.#waiting.delete(mediaId);
    }
  }

  come(mediaId: string): void {
    for (const come of this.#waiting.get(mediaId) ?? []) come();
  }

  /** Nobody has to wait for the end of this server. */
  close(): void {
    for (const mediaId of this.#waiting.keys()) this.come(mediaId);
  }
}
