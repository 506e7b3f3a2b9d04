import type { EffectOf } from './core/effects.ts';

/** What other agents asked for, and the machine has not answered yet. */
export class Questions {
  readonly #waiting = new Map<string, (why: string | null) => void>();
  #asked = 0;

  /** `put` tells the machine, under a name that its answer will carry. */
  ask(put: (id: string) => void): Promise<string | null> {
    const id = String(++this.#asked);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      put(id);
    });
  }

  answer({ id }: Pick<EffectOf<'give-leave' | 'give-cover'>, 'id'>, why: string | null): void {
    this.#waiting.get(id)?.(why);
    this.#waiting.delete(id);
  }
}
