import { AtOnce, type AtOnceMax } from '../../log/at-once.ts';

/** Why another server is asked for its keys: to prove who it is, known to us or not yet, or that it signed an event, or one of all those of a room, or because somebody would know them. */
export type Occasion = 'known' | 'stranger' | 'event' | 'room' | 'notary';

/**
 * How many servers are asked at once, in all and on behalf of one. Each occasion has places of its own: whoever leads us
 * to servers that never answer takes none from servers that we know, nor takes all from the other strangers.
 */
const PLACES: Readonly<Record<Occasion, AtOnceMax>> = {
  known: { all: 64, ofOne: 16 },
  stranger: { all: 64, ofOne: 8 },
  event: { all: 64, ofOne: 16 },
  // Who waits is a connection, and no more; and of a large room's servers hundreds are never heard of again.
  room: { all: 192, ofOne: 96 },
  notary: { all: 32, ofOne: 8 },
};

export class Places {
  readonly #ofOccasion: Readonly<Record<Occasion, AtOnce<string>>> = {
    known: new AtOnce(PLACES.known),
    stranger: new AtOnce(PLACES.stranger),
    event: new AtOnce(PLACES.event),
    room: new AtOnce(PLACES.room),
    notary: new AtOnce(PLACES.notary),
  };

  #freed = Promise.withResolvers<void>();

  /** When the next place is given back, whosever it was. */
  get freed(): Promise<void> {
    return this.#freed.promise;
  }

  /** Gives the place back that it took; undefined where there is none. */
  take(occasion: Occasion, subject: string): (() => void) | undefined {
    const giveBack = this.#ofOccasion[occasion].take(subject);
    if (!giveBack) return undefined;
    return () => {
      giveBack();
      this.#freed.resolve();
      this.#freed = Promise.withResolvers();
    };
  }
}
