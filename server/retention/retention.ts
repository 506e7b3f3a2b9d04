import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { lifetimeOf, type RetentionBounds } from '../protocol/retention.ts';
import type { Database } from '../storage/database.ts';
import {
  oldestSaid,
  purgePiece,
  type RetainedRoom,
  roomsToRetain,
} from '../storage/rooms/history-pieces.ts';

export interface RetentionPorts {
  readonly database: Database;
  readonly bounds: RetentionBounds;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const ROUND_MS = 15 * 60_000;
/** Small transactions: each is WAL that commits have to wait behind. */
const EVENTS_MAX = 500;
const ROOMS_MAX = 200;
const PAUSE_MS = 50;
const EVERYWHERE = { depth: Number.MAX_SAFE_INTEGER, nid: Number.MAX_SAFE_INTEGER };

/** Takes away what rooms need not keep, which nobody has been shown any more since its time was over. */
export class Retention {
  readonly #ports: RetentionPorts;
  readonly #end = new AbortController();
  /** By room, before when there is nothing left: state of years need not be passed over each time. */
  readonly #purgedUpTo = new Map<number, number>();

  constructor(ports: RetentionPorts) {
    this.#ports = ports;
  }

  begin(): void {
    void this.#goOn();
  }

  close(): void {
    this.#end.abort();
  }

  /** Through all rooms. */
  async round(pauseMs = PAUSE_MS): Promise<void> {
    const { database, bounds } = this.#ports;
    const all = bounds.defaultLifetimeMs !== undefined;
    for (let after = 0; !this.#end.signal.aborted; ) {
      const rooms = await roomsToRetain(database, { after, all, limit: ROOMS_MAX });
      for (const room of rooms) await this.#purge(room, pauseMs);
      if (rooms.length < ROOMS_MAX) return;
      after = rooms.at(-1)!.nid;
      await this.#pause(pauseMs);
    }
  }

  async #goOn(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#pause(ROUND_MS);
      await this.round().catch(this.#ports.onError);
    }
  }

  async #purge({ nid: roomNid, policy }: RetainedRoom, pauseMs: number): Promise<void> {
    const { database, bounds, now } = this.#ports;
    const lifetimeMs = lifetimeOf(contentIn(policy), bounds);
    if (lifetimeMs === undefined) return;
    const beforeMs = now() - lifetimeMs;
    let afterMs = this.#purgedUpTo.get(roomNid) ?? 0;
    while (!this.#end.signal.aborted) {
      const piece = { roomNid, beforeMs, before: EVERYWHERE, spared: null, afterMs };
      const { count, lastMs } = await purgePiece(database, { ...piece, limit: EVENTS_MAX });
      if (count < EVENTS_MAX) break;
      afterMs = lastMs!;
      await this.#pause(pauseMs);
    }
    // An end of the room, or what redacted state: it goes when nothing holds it any more.
    const left = await oldestSaid(database, { roomNid, afterMs });
    this.#purgedUpTo.set(roomNid, Math.min(left ?? beforeMs, beforeMs));
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end.signal, ref: false }).catch(() => {});
  }
}

function contentIn(policy: string | null): JsonObject | undefined {
  const content = policy === null ? undefined : (JSON.parse(policy) as JsonObject).content;
  return isObject(content) ? content : undefined;
}
