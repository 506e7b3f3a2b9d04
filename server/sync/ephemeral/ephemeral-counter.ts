/**
 * Orders what is never written down: typing and presence. It begins anew with each writer, so a
 * counter in a /sync token means something in the token's own epoch only (D2).
 */
export class EphemeralCounter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  next(): number {
    this.#value += 1;
    return this.#value;
  }
}
