import { setImmediate as turn } from 'node:timers/promises';

/** Work that says, by each `yield`, where others may have their turn. */
export type InBreaths<T> = Generator<undefined, T, undefined>;

/** Of each what `make` makes of it, with a breath wherever so much, by their lengths, has been made at a stroke. */
export function* madeInBreaths<T, Made>(
  all: Iterable<T>,
  { make, lengthOf, lengthMax }: InLengths<T, Made>,
): InBreaths<Made[]> {
  const made: Made[] = [];
  let length = 0;
  for (const each of all) {
    length += lengthOf(each);
    if (length > lengthMax) {
      yield;
      length = lengthOf(each);
    }
    made.push(make(each));
  }
  return made;
}

interface InLengths<T, Made> {
  readonly make: (each: T) => Made;
  readonly lengthOf: (each: T) => number;
  readonly lengthMax: number;
}

/** Does all of it, and at each breath lets the event loop see to what came meanwhile. */
export async function withBreaths<T>(work: InBreaths<T>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await turn();
  }
}

/** All of it in one go: where it is known to be little. */
export function inOneBreath<T>(work: InBreaths<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
