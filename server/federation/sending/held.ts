import type { Pdu } from './pdu.ts';

/** Of events in memory, whoever they are for: some seconds of the busiest rooms. */
const BYTES_MAX = 64 * 1_048_576;

/** Events that wait in memory, each counted once for however many servers it waits. */
export class Held {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whoever did not answer last is to hold no more when half of it is taken. */
  isFullFor({ failures }: { failures: number }): boolean {
    return this.#bytes > (failures > 0 ? this.#bytesMax / 2 : this.#bytesMax);
  }

  hold(pdu: Pdu): void {
    if (pdu.holders === 0) this.#bytes += pdu.bytes;
    pdu.holders += 1;
  }

  letGo(pdus: readonly Pdu[]): void {
    for (const pdu of pdus) {
      pdu.holders -= 1;
      if (pdu.holders === 0) this.#bytes -= pdu.bytes;
    }
  }
}
