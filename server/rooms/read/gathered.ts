import { nextTick } from 'node:process';

interface Waiting<Key, Value> {
  readonly key: Key;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Questions that are asked in one turn of the event loop, as one: whoever goes through many rooms side
 * by side asks the same of each. `ask` answers them in their order.
 */
export class Gathered<Key, Value> {
  readonly #ask: (keys: readonly Key[]) => Promise<readonly Value[]>;
  readonly #keysMax: number;
  #waiting: Waiting<Key, Value>[] = [];

  constructor(
    ask: (keys: readonly Key[]) => Promise<readonly Value[]>,
    { keysMax }: { keysMax: number },
  ) {
    this.#ask = ask;
    this.#keysMax = keysMax;
  }

  of(key: Key): Promise<Value> {
    return new Promise((resolve, reject) => {
      // Behind all promises that are due: by then, all who are going to ask have asked.
      if (this.#waiting.length === 0) nextTick(() => this.#flush());
      this.#waiting.push({ key, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += this.#keysMax)
      void this.#answer(waiting.slice(at, at + this.#keysMax));
  }

  async #answer(waiting: readonly Waiting<Key, Value>[]): Promise<void> {
    try {
      const values = await this.#ask(waiting.map(({ key }) => key));
      for (const [index, { resolve }] of waiting.entries()) resolve(values[index]!);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
