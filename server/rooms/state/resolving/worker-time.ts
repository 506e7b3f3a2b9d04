/** How long the worker has for one conflict: the time in which it waits for us does not count. */
export class WorkerTime {
  readonly #over: () => void;
  #leftMs: number;
  #begunMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, over: () => void) {
    this.#leftMs = ms;
    this.#over = over;
    this.goesOn();
  }

  waits(): void {
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#begunMs;
  }

  goesOn(): void {
    this.#begunMs = performance.now();
    this.#timer = setTimeout(this.#over, Math.max(0, this.#leftMs)).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
