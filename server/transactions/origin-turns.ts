import { Sums } from '../log/sums.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { limitExceeded } from '../protocol/matrix-error.ts';
import { domainOfServer } from '../protocol/server-host.ts';

export interface TurnBounds {
  /** Of one server, behind the one that is at work. */
  readonly waitingOfOriginMax: number;
  /** Of all names that somebody has below one. */
  readonly waitingOfDomainMax: number;
  readonly placesOfDomainMax: number;
  /** Of all servers. */
  readonly placesMax: number;
  /** What those hold in memory that have a place. */
  readonly placedBytesMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  readonly waitMsMax: number;
  /** Whoever takes longer leaves its place to others, since it waits for others itself, */
  readonly promptMs: number;
  /** as long as those who have left theirs hold no more than that. */
  readonly slowBytesMax: number;
}

/** "Transactions MUST be sent one at a time": who has more under way than one and a repeat of it waits, or has to come again. */
export const TURN_BOUNDS: TurnBounds = {
  waitingOfOriginMax: 2,
  waitingOfDomainMax: 250,
  placesOfDomainMax: 8,
  placesMax: 32,
  placedBytesMax: 32 * 1_048_576,
  waitingMax: 1_000,
  waitingBytesMax: 64 * 1_048_576,
  waitMsMax: 30_000,
  promptMs: 2_000,
  slowBytesMax: 32 * 1_048_576,
};

/** As which even the smallest counts. Such a one needs a place and no more: who sends little does not wait for those who send much. */
export const SMALL_BYTES = 32_768;
const RETRY_MS = 2_000;
/** Of what may wait, the part behind which there is room for those domains alone of which nothing waits. */
const OF_MANY = 3 / 4;
/** Of the bytes that may wait, and of those of whoever left its place, what one domain may have of them. */
const OF_DOMAIN = 1 / 4;

interface Load {
  readonly origin: ServerName;
  /** What it holds in memory while it waits and while it is at work. */
  readonly bytes: number;
}

interface Weighed extends Load {
  /** Of its origin: read from the name once, since it is asked for of all who wait. */
  readonly domain: string;
}

interface Waiting extends Weighed {
  readonly begin: () => void;
}

interface Running extends Weighed {
  hasPlace: boolean;
}

/**
 * Of each server one at a time; of all so many and so much, whoever has waited longest first: a server that sends much waits
 * for itself.
 */
export class OriginTurns {
  readonly #bounds: TurnBounds;
  readonly #atWork = new Set<ServerName>();
  /** In the order in which they came; one that had its turn goes behind the others. */
  readonly #waiting = new Map<ServerName, Waiting[]>();
  /** Of each domain, and of all. */
  readonly #sums = {
    waiting: new Sums<string>(),
    placed: new Sums<string>(),
    slow: new Sums<string>(),
  };
  /** Those that have a place for longer than is prompt. */
  readonly #overdue = new Set<Running>();

  constructor(bounds: TurnBounds = TURN_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Throws M_LIMIT_EXCEEDED where too much waits, or for too long. */
  async run<T>({ origin, bytes }: Load, work: () => Promise<T>): Promise<T> {
    const domain = domainOfServer(origin);
    const load: Weighed = { origin, domain, bytes: Math.max(bytes, SMALL_BYTES) };
    if (!this.#mayBegin(load)) await this.#wait(load);
    else this.#take(load);
    const running: Running = { ...load, hasPlace: true };
    const overdue = setTimeout(() => {
      this.#overdue.add(running);
      this.#goOn();
    }, this.#bounds.promptMs).unref();
    try {
      return await work();
    } finally {
      clearTimeout(overdue);
      this.#end(running);
    }
  }

  async #wait(load: Weighed): Promise<void> {
    const { origin, domain, bytes } = load;
    const own = this.#waiting.get(origin) ?? [];
    this.#refuseTooMuch(load, own.length);
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        this.#forget(waiting);
        reject(limitExceeded(RETRY_MS));
        // It may have stood before others for which there is room.
        this.#goOn();
      }, this.#bounds.waitMsMax).unref();
      const begin = () => {
        clearTimeout(late);
        resolve();
      };
      const waiting: Waiting = { ...load, begin };
      own.push(waiting);
      this.#waiting.set(origin, own);
      this.#sums.waiting.add(domain, bytes);
    });
  }

  #refuseTooMuch({ domain, bytes }: Weighed, ownCount: number): void {
    const { waitingOfOriginMax, waitingOfDomainMax, waitingMax, waitingBytesMax } = this.#bounds;
    const { all } = this.#sums.waiting;
    const ofDomain = this.#sums.waiting.of(domain);
    const part = ofDomain.count > 0 ? OF_MANY : 1;
    const isTooMuch =
      ownCount >= waitingOfOriginMax ||
      ofDomain.count >= waitingOfDomainMax ||
      (ofDomain.count > 0 && ofDomain.bytes + bytes > waitingBytesMax * OF_DOMAIN) ||
      all.count >= waitingMax * part ||
      all.bytes + bytes > waitingBytesMax * part;
    if (isTooMuch) throw limitExceeded(RETRY_MS);
  }

  /** Nobody large passes by another who waits for room. */
  #mayBegin(load: Weighed): boolean {
    if (this.#isBusy(load) || !this.#hasRoom(load)) return false;
    if (load.bytes === SMALL_BYTES) return true;
    return !this.#waiting
      .values()
      .some(([first]) => !this.#isBusy(first!) && first!.bytes > SMALL_BYTES);
  }

  /** It waits for itself, or for others of its domain. */
  #isBusy({ origin, domain }: Weighed): boolean {
    const { count } = this.#sums.placed.of(domain);
    return this.#atWork.has(origin) || count >= this.#bounds.placesOfDomainMax;
  }

  #hasRoom({ bytes }: Weighed): boolean {
    const { all } = this.#sums.placed;
    if (all.count >= this.#bounds.placesMax) return false;
    return bytes === SMALL_BYTES || all.bytes + bytes <= this.#bounds.placedBytesMax;
  }

  #take({ origin, domain, bytes }: Weighed): void {
    this.#atWork.add(origin);
    this.#sums.placed.add(domain, bytes);
  }

  #end(running: Running): void {
    this.#atWork.delete(running.origin);
    this.#overdue.delete(running);
    const { placed, slow } = this.#sums;
    (running.hasPlace ? placed : slow).subtract(running.domain, running.bytes);
    this.#goOn();
  }

  #goOn(): void {
    for (const running of this.#overdue) this.#leavePlace(running);
    this.#beginNext();
  }

  #leavePlace(running: Running): void {
    const { placed, slow } = this.#sums;
    const { domain, bytes } = running;
    const { slowBytesMax } = this.#bounds;
    const ofDomain = slow.of(domain);
    if (slow.all.bytes + bytes > slowBytesMax) return;
    if (ofDomain.count > 0 && ofDomain.bytes + bytes > slowBytesMax * OF_DOMAIN) return;
    this.#overdue.delete(running);
    running.hasPlace = false;
    placed.subtract(domain, bytes);
    slow.add(domain, bytes);
  }

  #beginNext(): void {
    let isFull = false;
    for (const [origin, own] of [...this.#waiting]) {
      const next = own[0]!;
      if (this.#isBusy(next)) continue;
      const isSmall = next.bytes === SMALL_BYTES;
      if (!this.#hasRoom(next) || (isFull && !isSmall)) {
        isFull = true;
        continue;
      }
      this.#forget(next);
      // Behind all others that wait.
      if (own.length > 0) {
        this.#waiting.delete(origin);
        this.#waiting.set(origin, own);
      }
      this.#take(next);
      next.begin();
    }
  }

  #forget(waiting: Waiting): void {
    const { origin, domain, bytes } = waiting;
    const own = this.#waiting.get(origin)!;
    own.splice(own.indexOf(waiting), 1);
    if (own.length === 0) this.#waiting.delete(origin);
    this.#sums.waiting.subtract(domain, bytes);
  }
}
