import { setImmediate as turn } from 'node:timers/promises';

/** Work that says, by each `yield`, where others may have their turn. */
export type InBreaths<T> = Generator<undefined, T, undefined>;

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
