/** For how long somebody is waited for: the time during which it is we who keep them waiting does not count. */
export class Patience {
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#begin(ms);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** They have so much from the end of the work on, whatever they had before. */
  async during<T>(work: () => Promise<T>, msBehind: number): Promise<T> {
    this.end();
    try {
      return await work();
    } finally {
      this.#begin(msBehind);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #begin(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#over.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
    }, ms).unref();
  }
}
