import type { Pdu } from './pdu.ts';
import type { Complaints } from './transaction.ts';

interface Refused {
  readonly times: number;
  /** Undefined where it may be said now, or has been said often enough. */
  readonly dueMs: number | undefined;
}

interface SaidAgainPorts {
  readonly pausesMs: readonly number[];
  readonly now: () => number;
  /** It is time for some. */
  readonly due: () => void;
}

const NONE: ReadonlyMap<number, number> = new Map();
/** Of one server; what is beyond it was said once. */
const ROOMS_MAX = 1_000;

/**
 * The rooms of which another server did not take the last event that it was sent. Whether that is for now or for good it does not say
 * in words that a program could read: it may not have had the key of somebody, or found no time to ask for what it
 * missed. So what it lacks of the room is said again a few times, and then it is let be until it takes something of it.
 */
export class SaidAgain {
  readonly #ports: SaidAgainPorts;
  readonly #rooms = new Map<number, Refused>();
  #timer: NodeJS.Timeout | undefined;
  /** What was to be said by then is due; undefined where nothing is. */
  #dueUpToMs: number | undefined;

  constructor(ports: SaidAgainPorts) {
    this.#ports = ports;
  }

  /**
   * Of what was answered so: behind which position a room is to be said again, for each such room. Of one whose last event was
   * taken nothing is: it rests on those before it.
   */
  lacking(pdus: readonly Pdu[], complaints: Complaints): ReadonlyMap<number, number> {
    if (complaints.length === 0 && this.#rooms.size === 0) return NONE;
    const refused = new Set(complaints.map(({ eventId }) => eventId));
    const lacking = new Map<number, number>();
    for (const { eventId, roomNid, position } of pdus)
      if (!refused.has(eventId)) lacking.delete(roomNid);
      else if (!lacking.has(roomNid)) lacking.set(roomNid, position - 1);
    for (const { roomNid } of pdus) if (!lacking.has(roomNid)) this.#rooms.delete(roomNid);
    for (const roomNid of lacking.keys()) if (!this.#isSaidAgain(roomNid)) lacking.delete(roomNid);
    this.#awaitNext();
    return lacking;
  }

  /** Something is to be said now. */
  get isDue(): boolean {
    return this.#dueUpToMs !== undefined;
  }

  /** From now on those may be said whose time it is. Whether there are any. */
  begin(): boolean {
    const upToMs = this.#dueUpToMs ?? 0;
    let isAny = false;
    for (const [roomNid, { times, dueMs }] of this.#rooms) {
      if (dueMs === undefined || dueMs > upToMs) continue;
      this.#rooms.set(roomNid, { times, dueMs: undefined });
      isAny = true;
    }
    this.#dueUpToMs = undefined;
    this.#awaitNext();
    return isAny;
  }

  /** Those of which nothing is to be said yet. */
  get waiting(): readonly number[] {
    return [...this.#rooms].flatMap(([roomNid, { dueMs }]) =>
      dueMs === undefined ? [] : [roomNid],
    );
  }

  /** All that is lacking of the room is told anew, whatever was not taken. */
  letGo(roomNid: number): void {
    const known = this.#rooms.get(roomNid);
    if (known?.dueMs === undefined) return;
    this.#rooms.set(roomNid, { ...known, dueMs: undefined });
    this.#awaitNext();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #isSaidAgain(roomNid: number): boolean {
    const known = this.#rooms.get(roomNid);
    // It has one turn for all of the room.
    if (known?.dueMs !== undefined) return true;
    if (known === undefined && this.#rooms.size >= ROOMS_MAX) return false;
    const { pausesMs, now } = this.#ports;
    const times = known?.times ?? 0;
    const pauseMs = pausesMs[times];
    if (pauseMs === undefined) return false;
    this.#rooms.set(roomNid, { times: times + 1, dueMs: now() + pauseMs });
    return true;
  }

  #awaitNext(): void {
    clearTimeout(this.#timer);
    let firstMs = Number.POSITIVE_INFINITY;
    for (const { dueMs = firstMs } of this.#rooms.values()) firstMs = Math.min(firstMs, dueMs);
    if (firstMs === Number.POSITIVE_INFINITY) return;
    const due = () => {
      this.#dueUpToMs = firstMs;
      this.#ports.due();
    };
    this.#timer = setTimeout(due, Math.max(0, firstMs - this.#ports.now())).unref();
  }
}
