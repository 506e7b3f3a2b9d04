import type { Patience } from './patience.ts';

/** What takes much of memory is read by one after the other. */
export interface LargeAnswer {
  /** From where on it is one. */
  readonly fromBytes: number;
  /** Called once, and waited for: meanwhile nothing more is read. What it throws ends the request. */
  enter(): Promise<void>;
}

export interface LargeRequest extends LargeAnswer {
  /** Once it is entered the rest has to come in this time. */
  readonly withinMs: number;
}

/** That we were not ready for what is large is no fault of the other server, and it is not hurried meanwhile. */
export class Entering implements LargeAnswer {
  readonly #large: LargeRequest;
  readonly #patience: Patience;
  /** Why it was not entered. */
  failure: unknown;

  constructor(large: LargeRequest, patience: Patience) {
    this.#large = large;
    this.#patience = patience;
  }

  get fromBytes(): number {
    return this.#large.fromBytes;
  }

  async enter(): Promise<void> {
    try {
      await this.#patience.during(() => this.#large.enter(), this.#large.withinMs);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
