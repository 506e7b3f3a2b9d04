/** A value that is loaded when it is asked for, and kept until it is said to have changed. */
export class Remembered<T> {
  #value: Promise<T> | undefined;
  #known: T | undefined;

  /** Where it has been loaded and holds. */
  get known(): T | undefined {
    return this.#known;
  }

  async get(load: () => Promise<T>): Promise<T> {
    const value = this.#value ?? load();
    this.#value = value;
    try {
      const loaded = await value;
      if (this.#value === value) this.#known = loaded;
      return loaded;
    } catch (error) {
      if (this.#value === value) this.#value = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#value = undefined;
    this.#known = undefined;
  }
}
