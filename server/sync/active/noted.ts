/** What changed when, by the ephemeral counter; of each key the last time. */
export class Noted<Key> {
  readonly #at = new Map<Key, number>();
  #newest = 0;

  note(key: Key, at: number): void {
    this.#at.set(key, at);
    this.#newest = Math.max(this.#newest, at);
  }

  /** Nearly always nothing has changed since, and then nothing is gone through. */
  after(counter: number): Key[] {
    if (this.#newest <= counter) return [];
    const keys: Key[] = [];
    for (const [key, at] of this.#at) if (at > counter) keys.push(key);
    return keys;
  }
}
