import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a state: asks again every 50 ms until the answer is neither undefined nor false, and fails
 * with what was waited for and the last error. Errors in between are part of the waiting. The limit is there for
 * what never comes: how soon something has to come is asserted elsewhere (promise.ts), or not at all.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  withinMs = 180_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  } while (performance.now() < deadline);
  throw new Error(`Not within ${withinMs / 1000} s: ${what}`, { cause: last });
}
