/**
 * What was committed behind a position, as far as it was noted: whoever follows the log by a cursor need not read again
 * what this server has just written. It holds all that there is behind that position, or says that it does not, and then
 * the tables are asked. Whatever it cannot be sure of, and what is more than its bounds, makes it begin anew behind it.
 */
export class Lately<Item extends { readonly position: number }> {
  readonly #max: LatelyMax;
  #items: { readonly item: Item; readonly bytes: number }[] = [];
  #bytes = 0;
  #after: number;

  constructor(max: LatelyMax, position: number) {
    this.#max = max;
    this.#after = position;
  }

  /** Of all that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Knows nothing up to here. */
  beginAt(position: number): void {
    this.#items = [];
    this.#bytes = 0;
    this.#after = position;
  }

  /** In the order of the log. */
  hold(item: Item, bytes: number): void {
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    if (this.#items.length > this.#max.items || this.#bytes > this.#max.bytes)
      this.beginAt(item.position);
  }

  /** All in (after, upTo], the first so many; undefined where it does not know. Nobody asks again for what is before. */
  in({ after, upTo, limit }: LatelyRange): readonly Item[] | undefined {
    if (after < this.#after) return undefined;
    this.#forget(after);
    const end = this.#items.findIndex(({ item }) => item.position > upTo);
    const found = end < 0 ? this.#items : this.#items.slice(0, end);
    return found.slice(0, limit).map(({ item }) => item);
  }

  #forget(upTo: number): void {
    const found = this.#items.findIndex(({ item }) => item.position > upTo);
    const count = found < 0 ? this.#items.length : found;
    for (const { bytes } of this.#items.splice(0, count)) this.#bytes -= bytes;
    this.#after = upTo;
  }
}

/** Beyond either it begins anew. */
export interface LatelyMax {
  readonly items: number;
  readonly bytes: number;
}

export interface LatelyRange {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}
