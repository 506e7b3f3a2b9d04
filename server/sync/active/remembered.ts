/** A value that is loaded when it is asked for, and kept until it is said to have changed. */
export class Remembered<T> {
  #value: Promise<T> | undefined;

  async get(load: () => Promise<T>): Promise<T> {
    const value = this.#value ?? load();
    this.#value = value;
    try {
      return await value;
    } catch (error) {
      if (this.#value === value) this.#value = undefined;
      throw error;
    }
  }

  forget(): void {
    this.#value = undefined;
  }
}
