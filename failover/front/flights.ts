import type { Routing } from './routing.ts';
import type { Target, Way } from './way.ts';

export interface FlightsOptions {
  readonly routing: Routing;
  readonly way: Pick<Way, 'open' | 'closedAtMs' | 'changes'>;
  readonly now: () => number;
  readonly holdForMs: number;
}

const LOOK_EVERY_MS = 1_000;
export const ANOTHER_WAY = 'there is another way to the writer';

export interface Poll {
  readonly throughAddress: boolean;
}

/** One attempt at a request, from sending to the last byte of its answer. */
export class Flight {
  readonly target: Target;
  readonly sentAtMs: number;
  /** Of a long poll, whether it came through the address: it must be answered before that leaves. */
  readonly poll: Poll | null;
  /** Since when there has been no way to the writer, while this was under way. */
  troubleAtMs: number | undefined;
  #cut: string | undefined;
  #onCut: ((why: string) => void) | undefined;

  constructor(target: Target, sentAtMs: number, poll: Poll | null = null) {
    this.target = target;
    this.sentAtMs = sentAtMs;
    this.poll = poll;
  }

  /** Why it was broken off; undefined while it was not. */
  get why(): string | undefined {
    return this.#cut;
  }

  onCut(listener: (why: string) => void): void {
    this.#onCut = listener;
    if (this.#cut !== undefined) listener(this.#cut);
  }

  cut(why: string): void {
    if (this.#cut !== undefined) return;
    this.#cut = why;
    this.#onCut?.(why);
  }
}

/**
 * Ends the attempts that cannot be answered any more: another site has taken over, the link is cut and
 * there is another way, or there has been none for too long. A site without power sends no reset, so
 * the socket alone would never say so. A server that fell and rose in its place has reset its sockets:
 * what is in flight there was sent to the new one, perhaps before the agent had told its epoch.
 */
export class Flights {
  readonly #options: FlightsOptions;
  readonly #flights = new Set<Flight>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: FlightsOptions) {
    this.#options = options;
    const look = () => this.#look();
    options.routing.changes.on(look);
    options.way.changes.on(look);
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref();
  }

  begin(target: Target, poll: Poll | null = null): Flight {
    const flight = new Flight(target, this.#options.now(), poll);
    this.#flights.add(flight);
    return flight;
  }

  end(flight: Flight): void {
    this.#flights.delete(flight);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const flight of this.#flights) {
      const why = this.#whyEnd(flight);
      if (why !== undefined) flight.cut(why);
    }
  }

  #whyEnd(flight: Flight): string | undefined {
    const { routing, way, now, holdForMs } = this.#options;
    const { target } = flight;
    if (routing.writer !== null && routing.writer.url !== target.writer.url)
      return `epoch ${routing.writer.epoch} began`;
    if (flight.poll !== null && routing.mustEnd(flight.poll.throughAddress))
      return 'its connection ends';
    if (way.open !== null) {
      flight.troubleAtMs = undefined;
      return way.open.origin === target.origin ? undefined : ANOTHER_WAY;
    }
    flight.troubleAtMs ??= Math.max(way.closedAtMs ?? now(), flight.sentAtMs);
    return flight.troubleAtMs + holdForMs <= now() ? 'no writer for too long' : undefined;
  }
}
