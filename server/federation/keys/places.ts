/** Why another server is asked for its keys: to prove who it is, known to us or not yet, or that it signed an event, or because somebody would know them. */
export type Occasion = 'known' | 'stranger' | 'event' | 'notary';

/**
 * How many servers are asked at once, in all and on behalf of one. Each occasion has places of its own: whoever leads us
 * to servers that never answer takes none from servers that we know, nor takes all from the other strangers.
 */
const PLACES: Readonly<Record<Occasion, { readonly all: number; readonly ofOne: number }>> = {
  known: { all: 64, ofOne: 16 },
  stranger: { all: 64, ofOne: 8 },
  event: { all: 64, ofOne: 16 },
  notary: { all: 32, ofOne: 8 },
};

export class Places {
  readonly #taken: Readonly<Record<Occasion, Map<string, number>>> = {
    known: new Map(),
    stranger: new Map(),
    event: new Map(),
    notary: new Map(),
  };

  #freed = Promise.withResolvers<void>();

  /** When the next place is given back, whosever it was. */
  get freed(): Promise<void> {
    return this.#freed.promise;
  }

  /** Gives the place back that it took; undefined where there is none. */
  take(occasion: Occasion, subject: string): (() => void) | undefined {
    const taken = this.#taken[occasion];
    const { all, ofOne } = PLACES[occasion];
    const own = taken.get(subject) ?? 0;
    if (own >= ofOne || sumOf(taken.values()) >= all) return undefined;
    taken.set(subject, own + 1);
    return () => {
      const left = taken.get(subject)! - 1;
      if (left === 0) taken.delete(subject);
      else taken.set(subject, left);
      this.#freed.resolve();
      this.#freed = Promise.withResolvers();
    };
  }
}

const sumOf = (counts: Iterable<number>): number => {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
};
