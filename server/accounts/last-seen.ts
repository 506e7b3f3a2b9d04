import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import type { OnDevice } from '../protocol/caller.ts';
import { deviceSeenRow } from '../storage/accounts/devices.ts';

export interface Visit {
  readonly address: string;
  readonly userAgent: string | undefined;
}

/** A device that is seen all the time is written down once in this time. */
export const LAST_SEEN_EVERY_MS = 5 * 60_000;
/** Beyond it a device may be written down more often, or not at all this time: it is used again. */
const DEVICES_MAX = 100_000;

interface Seen extends Visit {
  readonly caller: OnDevice;
  readonly atMs: number;
}

/** When and from where devices were last used. Coalesced: newest wins, and it is written seldom (D6). */
export class LastSeen {
  readonly #stored: Pick<Stored, 'log' | 'now'>;
  #writtenMs = new Map<string, number>();
  #waiting = new Map<string, Seen>();
  readonly #devicesMax: number;

  constructor(stored: Pick<Stored, 'log' | 'now'>, { devicesMax = DEVICES_MAX } = {}) {
    this.#stored = stored;
    this.#devicesMax = devicesMax;
  }

  /** On every request, so it does next to nothing: `visit` is read only when it is to be kept. */
  note(caller: OnDevice, visit: Visit) {
    const atMs = this.#stored.now();
    const key = `${caller.userId}\0${caller.deviceId}`;
    const written = this.#writtenMs.get(key);
    if (written !== undefined && atMs - written < LAST_SEEN_EVERY_MS) return;
    if (this.#waiting.size >= this.#devicesMax && !this.#waiting.has(key)) return;
    const { address, userAgent } = visit;
    this.#waiting.set(key, { caller, atMs, address, userAgent });
  }

  /** Writes what was noted, in one change. To be called from time to time by whoever owns the clock. */
  async write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const seen = [...this.#waiting];
    this.#waiting = new Map();
    const now = this.#stored.now();
    for (const [key, writtenMs] of this.#writtenMs)
      if (now - writtenMs >= LAST_SEEN_EVERY_MS) this.#writtenMs.delete(key);
    for (const [key, { atMs }] of seen) this.#writtenMs.set(key, atMs);
    for (const oldest of this.#writtenMs.keys()) {
      if (this.#writtenMs.size <= this.#devicesMax) break;
      this.#writtenMs.delete(oldest);
    }
    const rows = seen.map(([, { caller, ...visit }]) => deviceSeenRow({ ...caller, ...visit }));
    await commitRows(this.#stored.log, rows);
  }
}
