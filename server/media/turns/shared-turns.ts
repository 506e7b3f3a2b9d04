import type { FairTurns } from '../../log/fair-turns.ts';

/** Once for all who want the same, in the first turn that one of them gets: nobody waits in another's line. */
export class SharedTurns<T> {
  readonly #turns: Pick<FairTurns, 'run'>;
  readonly #underWay = new Map<string, Making<T>>();

  constructor(turns: Pick<FairTurns, 'run'>) {
    this.#turns = turns;
  }

  /** Throws M_LIMIT_EXCEEDED where too much of `who` waits already. */
  async run(key: string, who: string, make: () => Promise<T>): Promise<T> {
    const making = this.#underWay.get(key) ?? new Making(make);
    this.#underWay.set(key, making);
    making.waiting += 1;
    try {
      return await Promise.race([making.done, this.#turns.run(who, () => making.once())]);
    } finally {
      making.waiting -= 1;
      if (making.waiting === 0) this.#underWay.delete(key);
    }
  }
}

class Making<T> {
  readonly #make: () => Promise<T>;
  readonly #end = Promise.withResolvers<T>();
  #begun = false;
  waiting = 0;

  constructor(make: () => Promise<T>) {
    this.#make = make;
    this.done.catch(() => {});
  }

  get done(): Promise<T> {
    return this.#end.promise;
  }

  once(): Promise<T> {
    if (!this.#begun) {
      this.#begun = true;
      this.#make().then(this.#end.resolve, this.#end.reject);
    }
    return this.done;
  }
}
