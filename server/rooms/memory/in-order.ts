interface Turn {
  isOver: boolean;
  readonly over: Promise<void>;
}

/**
 * Wishes read side by side, and act in the order in which they came: of two reads on two connections either may end
 * first, and whoever spoke first is to be heard first.
 */
export class InOrder {
  #last: Turn | undefined;

  /** Nobody is about to act. */
  get isIdle(): boolean {
    return this.#last === undefined;
  }

  /**
   * Acts on what `read` found, once all who came before have acted or failed. Where that took a wait `renew` looks again: what
   * was found may be out of date, or out of memory. All behind wait for it, so it should find what it needs in memory.
   * `act` has acted when it returns: nobody waits for the promise that it may give.
   */
  async run<T, R>(steps: {
    read: () => Promise<T>;
    renew: (found: T) => Promise<T>;
    act: (found: T) => Promise<R>;
  }): Promise<R> {
    const before = this.#last;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const mine: Turn = { isOver: false, over };
    this.#last = mine;
    try {
      let found = await steps.read();
      if (before?.isOver === false) {
        await before.over;
        found = await steps.renew(found);
      }
      return steps.act(found);
    } finally {
      if (before?.isOver === false) await before.over;
      mine.isOver = true;
      if (this.#last === mine) this.#last = undefined;
      resolve();
    }
  }

  /** Prepares and acts once all who came before have, while all who come behind wait: what is prepared still holds then. */
  async alone<R>(turn: () => Promise<R>): Promise<R> {
    const before = this.#last;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const mine: Turn = { isOver: false, over };
    this.#last = mine;
    if (before?.isOver === false) await before.over;
    try {
      return await turn();
    } finally {
      mine.isOver = true;
      if (this.#last === mine) this.#last = undefined;
      resolve();
    }
  }
}
