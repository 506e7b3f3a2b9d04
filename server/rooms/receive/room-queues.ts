import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';

interface Load {
  readonly roomId: RoomId;
  readonly origin: ServerName;
  readonly count: number;
  readonly bytes: number;
}

interface Waiting {
  readonly load: Load;
  readonly begin: () => void;
}

/** Of PDUs that wait or are at work. One transaction brings fifty at most, of 64 KiB each. */
export const OF_ORIGIN = { countMax: 500, bytesMax: 8 * 1_048_576 };
export const OF_ALL = { countMax: 10_000, bytesMax: 64 * 1_048_576 };
const RETRY_MS = 2_000;

/** In each room one at a time, and of those who wait each server in its turn: who sends much waits for itself. */
export class RoomQueues {
  readonly #rooms = new Map<RoomId, Map<ServerName, Waiting[]>>();
  readonly #origins = new Map<ServerName, { count: number; bytes: number }>();
  readonly #all = { count: 0, bytes: 0 };

  /** Throws M_LIMIT_EXCEEDED where too much waits. */
  async run<T>(load: Load, work: () => Promise<T>): Promise<T> {
    this.#take(load);
    try {
      await this.#turn(load);
      return await work();
    } finally {
      this.#giveBack(load);
      this.#next(load.roomId);
    }
  }

  #take({ origin, count, bytes }: Load): void {
    const own = this.#origins.get(origin) ?? { count: 0, bytes: 0 };
    if (isOver(own, { count, bytes }, OF_ORIGIN) || isOver(this.#all, { count, bytes }, OF_ALL))
      throw limitExceeded(RETRY_MS);
    this.#origins.set(origin, own);
    for (const sum of [own, this.#all]) {
      sum.count += count;
      sum.bytes += bytes;
    }
  }

  #giveBack({ origin, count, bytes }: Load): void {
    const own = this.#origins.get(origin)!;
    for (const sum of [own, this.#all]) {
      sum.count -= count;
      sum.bytes -= bytes;
    }
    if (own.count === 0 && own.bytes === 0) this.#origins.delete(origin);
  }

  #turn(load: Load): Promise<void> | undefined {
    const room = this.#rooms.get(load.roomId);
    if (room === undefined) {
      this.#rooms.set(load.roomId, new Map());
      return undefined;
    }
    return new Promise((begin) => {
      const own = room.get(load.origin);
      if (own) own.push({ load, begin });
      else room.set(load.origin, [{ load, begin }]);
    });
  }

  /** A server that had its turn goes behind the others. */
  #next(roomId: RoomId): void {
    const room = this.#rooms.get(roomId)!;
    const [first] = room;
    if (first === undefined) {
      this.#rooms.delete(roomId);
      return;
    }
    const [origin, waiting] = first;
    const next = waiting.shift()!;
    room.delete(origin);
    if (waiting.length > 0) room.set(origin, waiting);
    next.begin();
  }
}

/** Whoever has nothing waiting may bring as much as a request holds. */
const isOver = (
  sum: { count: number; bytes: number },
  more: { count: number; bytes: number },
  max: { countMax: number; bytesMax: number },
): boolean =>
  sum.count > 0 && (sum.count + more.count > max.countMax || sum.bytes + more.bytes > max.bytesMax);
