/** Of all servers together. */
export interface PassingCount {
  count: number;
}

/** EDUs for one server, the newest of each by its key, in the order in which they came. */
export class PassingEdus {
  readonly #texts = new Map<string, string>();
  readonly #ofAll: PassingCount;

  constructor(ofAll: PassingCount) {
    this.#ofAll = ofAll;
  }

  get size(): number {
    return this.#texts.size;
  }

  has(key: string): boolean {
    return this.#texts.has(key);
  }

  put(key: string, text: string): void {
    this.delete(key);
    this.#texts.set(key, text);
    this.#ofAll.count += 1;
  }

  delete(key: string): void {
    if (this.#texts.delete(key)) this.#ofAll.count -= 1;
  }

  /** Those that came last: as many, and fewer where there are more than so many of all servers. */
  keepNewest(max: number, ofAllMax: number = Number.POSITIVE_INFINITY): void {
    for (const key of this.#texts.keys()) {
      if (this.size <= max && this.#ofAll.count <= ofAllMax) return;
      this.delete(key);
    }
  }

  keepIf(test: (key: string) => boolean): void {
    for (const key of this.#texts.keys()) if (!test(key)) this.delete(key);
  }

  takeOut(max: number): [key: string, text: string][] {
    const taken = [...this.#texts.entries().take(max)];
    for (const [key] of taken) this.delete(key);
    return taken;
  }
}
