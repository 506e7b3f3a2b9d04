import { LEAVE_MAX_MS, PROMOTING_MAX_MS } from '../timings.ts';

/** The two files by which a site's agent and its promotion see each other (adapters/peers/exclusion.ts); by its machine's clock. */
export class Exclusion {
  readonly #clock: () => number;
  #leaveUntil = Number.NEGATIVE_INFINITY;
  #promotingUntil = Number.NEGATIVE_INFINITY;
  #waitsUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get leaveUntil(): number {
    return Math.min(this.#leaveUntil, this.#clock() + LEAVE_MAX_MS);
  }

  /** For the promotion that has begun: what is given since is given in vain, and it waits for no such. */
  get leaveHolds(): boolean {
    return this.#clock() < Math.min(this.#leaveUntil, this.#waitsUntil);
  }

  get isPromoting(): boolean {
    return this.#clock() < this.#promotingUntil;
  }

  noteLeave(until: number): void {
    this.#leaveUntil = Math.max(this.#leaveUntil, until);
  }

  beginPromotion(): void {
    this.#promotingUntil = this.#clock() + PROMOTING_MAX_MS;
    this.#waitsUntil = this.#clock() + LEAVE_MAX_MS;
  }

  endPromotion(): void {
    this.#promotingUntil = Number.NEGATIVE_INFINITY;
  }

  /** /run is empty after a start of the machine. */
  forget(): void {
    this.#leaveUntil = Number.NEGATIVE_INFINITY;
    this.endPromotion();
  }
}
