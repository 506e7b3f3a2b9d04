import { type Sum, Sums } from '../../log/sums.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

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
/** Of all names that somebody has below one. */
export const OF_DOMAIN = { countMax: 2_500, bytesMax: 16 * 1_048_576 };
export const OF_ALL = { countMax: 10_000, bytesMax: 64 * 1_048_576 };
/** Beyond it there is room for those alone of whom nothing is there. */
export const OF_MANY = { countMax: 7_500, bytesMax: 48 * 1_048_576 };
const RETRY_MS = 2_000;

/** In each room one at a time, and of those who wait each server in its turn: who sends much waits for itself. */
export class RoomQueues {
  readonly #rooms = new Map<RoomId, Map<ServerName, Waiting[]>>();
  readonly #origins = new Sums<ServerName>();
  readonly #domains = new Sums<string>();

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

  #take(load: Load): void {
    const domain = domainOfServer(load.origin);
    const ofDomain = this.#domains.of(domain);
    const isFull =
      isOver(this.#origins.of(load.origin), load, OF_ORIGIN) ||
      isOver(ofDomain, load, OF_DOMAIN) ||
      isOver(this.#domains.all, load, ofDomain.count > 0 ? OF_MANY : OF_ALL);
    if (isFull) throw limitExceeded(RETRY_MS);
    this.#origins.add(load.origin, load.bytes, load.count);
    this.#domains.add(domain, load.bytes, load.count);
  }

  #giveBack({ origin, bytes, count }: Load): void {
    this.#origins.subtract(origin, bytes, count);
    this.#domains.subtract(domainOfServer(origin), bytes, count);
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
  sum: Readonly<Sum>,
  more: Pick<Load, 'count' | 'bytes'>,
  max: { countMax: number; bytesMax: number },
): boolean =>
  sum.count > 0 && (sum.count + more.count > max.countMax || sum.bytes + more.bytes > max.bytesMax);
