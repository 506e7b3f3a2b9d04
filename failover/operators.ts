import type { EffectOf } from './core/effects.ts';

export interface OperatorsAnswer {
  readonly accepted: boolean;
  readonly text: string;
}

/** What operators asked for and the machine has not answered yet. */
export class Operators {
  readonly #waiting = new Map<string, (answer: OperatorsAnswer) => void>();
  #asked = 0;

  /** `put` tells the machine, under a name that its answer will carry. */
  ask(put: (id: string) => void): Promise<OperatorsAnswer> {
    const id = String(++this.#asked);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      put(id);
    });
  }

  answer({ id, accepted, text }: EffectOf<'answer'>): void {
    this.#waiting.get(id)?.({ accepted, text });
    this.#waiting.delete(id);
  }
}
