import { type Sum, Sums } from '../../log/sums.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { domainOfServer } from '../../protocol/server-host.ts';
import type { RoomStore } from '../store.ts';

/** Of what waits to be judged. What is beyond it is fetched as missing, with what comes later. */
export const HELD_MAX = {
  /** Half of the room, so that those of one who has many names leave place for others. */
  ofDomainInRoom: { count: 500, bytes: 4 * 1_048_576 },
  ofRoom: { count: 1_000, bytes: 8 * 1_048_576 },
  /** Of the server through which the room was joined, or who brings it where all members are here: a quarter of all. */
  ofDomain: { count: 2_500, bytes: 16 * 1_048_576 },
  ofAll: { count: 10_000, bytes: 64 * 1_048_576 },
};
/** Beyond each of these, for what ends the stay of one of ours in the room. */
const OWN_PLACES = { count: 10, bytes: 10 * 65_536 };
/** What was taken in meanwhile, or deleted with its room, still counts until then. */
const READ_AGAIN_MS = 60_000;
const READ_AGAIN_MS_MIN = 5_000;

interface Who {
  readonly roomNid: number;
  readonly server: ServerName;
  /** Undefined for a room whose members are here. */
  readonly through: ServerName | undefined;
}

interface Size {
  readonly bytes: number;
  readonly hasOwnPlace?: boolean | undefined;
}

/** How much is held, read once in a while: there may be ten thousand, and each transaction brings more. */
export class HeldLoads {
  readonly #store: Pick<RoomStore, 'heldLoads'>;
  readonly #now: () => number;
  #sums: HeldSums | undefined;
  #readMs = 0;
  #isLess = false;

  constructor(store: Pick<RoomStore, 'heldLoads'>, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** Counts those in that fit, by the bytes of each. */
  async take(who: Who, sizes: readonly Size[]): Promise<readonly boolean[]> {
    const sums = await this.#current();
    return sizes.map((size) => sums.take(who, size));
  }

  /** Some are held no more. */
  less(): void {
    this.#isLess = true;
  }

  async #current(): Promise<HeldSums> {
    const ageMs = this.#now() - this.#readMs;
    if (this.#sums && ageMs < (this.#isLess ? READ_AGAIN_MS_MIN : READ_AGAIN_MS)) return this.#sums;
    [this.#readMs, this.#isLess] = [this.#now(), false];
    const loads = await this.#store.heldLoads();
    const sums = new HeldSums();
    for (const { through, ...load } of loads)
      sums.add({ ...load, through: through ?? undefined }, load);
    this.#sums = sums;
    return sums;
  }
}

class HeldSums {
  readonly #inRooms = new Sums<string>();
  readonly #rooms = new Sums<number>();
  readonly #domains = new Sums<string>();

  add(who: Who, { count, bytes }: { readonly count: number; readonly bytes: number }): void {
    this.#inRooms.add(inRoom(who), bytes, count);
    this.#rooms.add(who.roomNid, bytes, count);
    this.#domains.add(domainOf(who), bytes, count);
  }

  /** False where it does not fit. */
  take(who: Who, size: Size): boolean {
    const isOver =
      isFull(this.#inRooms.of(inRoom(who)), size, HELD_MAX.ofDomainInRoom) ||
      isFull(this.#rooms.of(who.roomNid), size, HELD_MAX.ofRoom) ||
      isFull(this.#domains.of(domainOf(who)), size, HELD_MAX.ofDomain) ||
      isFull(this.#domains.all, size, HELD_MAX.ofAll);
    if (!isOver) this.add(who, { count: 1, bytes: size.bytes });
    return !isOver;
  }
}

const inRoom = ({ roomNid, server }: Who): string => `${roomNid} ${domainOfServer(server)}`;

const domainOf = ({ server, through }: Who): string => domainOfServer(through ?? server);

function isFull(
  sum: Readonly<Sum>,
  { bytes, hasOwnPlace }: Size,
  max: { readonly count: number; readonly bytes: number },
): boolean {
  const more = hasOwnPlace ? OWN_PLACES : { count: 0, bytes: 0 };
  return sum.count + 1 > max.count + more.count || sum.bytes + bytes > max.bytes + more.bytes;
}
