import type { Carried } from './carried.ts';
import type { DeviceOrder, Turn } from './device-order.ts';
import type { Shares } from './shares.ts';
import type { Target, Way } from './way.ts';

export interface WaitingPorts {
  readonly way: Pick<Way, 'open' | 'changes'>;
  readonly order: DeviceOrder;
  /** Places in the waiting room. */
  readonly places: Shares;
  readonly now: () => number;
  readonly holdForMs: number;
  readonly count: { holds: number };
}

type Request = Pick<Carried, 'device' | 'method' | 'arrival' | 'gone' | 'taker'>;

/** The request's time in the waiting room, and its place behind the older ones of its device. */
export class Waiting {
  readonly #request: Request;
  readonly #ports: WaitingPorts;
  #untilMs: number | undefined;
  #hasPlace = false;
  #turn: Turn | undefined;

  constructor(request: Request, ports: WaitingPorts) {
    this.#request = request;
    this.#ports = ports;
  }

  /** Where it may go at once; undefined where it has to wait. */
  open(): Target | undefined {
    const { way, order } = this.#ports;
    if (this.#untilMs !== undefined || way.open === null) return undefined;
    return this.#isOrdered && order.isHeld(this.#request.device!) ? undefined : way.open;
  }

  /** Where it goes, or why it does not. */
  async forTarget(): Promise<Target | 'gone' | 'no writer in time' | 'too many are held'> {
    const { way, now } = this.#ports;
    const { gone } = this.#request;
    if (!this.#hold(now())) return 'too many are held';
    for (;;) {
      if (gone.is) return 'gone';
      const leftMs = this.#untilMs! - now();
      if (leftMs <= 0) return 'no writer in time';
      const turn = this.#turn;
      if (turn !== undefined && !turn.isFirst) await turn.untilFirst(leftMs, gone.signal);
      else if (way.open !== null) return way.open;
      else await way.changes.next(leftMs, gone.signal);
    }
  }

  /** Its time counts from when there was no way to the writer, also while nobody knew. */
  async afterFailure(pauseMs: number, troubleAtMs: number | undefined): Promise<void> {
    this.#hold(troubleAtMs ?? this.#ports.now());
    if (pauseMs > 0) await this.#ports.way.changes.next(pauseMs, this.#request.gone.signal);
  }

  over(): void {
    this.#turn?.leave();
    if (this.#hasPlace) this.#ports.places.give(this.#request.taker, 1);
    this.#hasPlace = false;
  }

  get #isOrdered(): boolean {
    return this.#request.device !== undefined && this.#request.method !== 'GET';
  }

  /** False where there is no place for it. */
  #hold(sinceMs: number): boolean {
    const { places, order, count, holdForMs } = this.#ports;
    const { taker, device, arrival } = this.#request;
    this.#untilMs ??= sinceMs + holdForMs;
    if (this.#hasPlace) return true;
    if (!places.take(taker, 1)) return false;
    this.#hasPlace = true;
    count.holds++;
    if (this.#isOrdered) this.#turn = order.join(device!, arrival);
    return true;
  }
}
