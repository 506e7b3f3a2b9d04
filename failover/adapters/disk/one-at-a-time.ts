import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks a disk that may not answer: null where it has not within a second, and then it is not asked again before it has.
 * Node has four threads for files, and each question without an answer keeps one.
 */
export function oneAtATime<T>(
  ask: () => Promise<T>,
  withinMs = ANSWERS_WITHIN_MS,
): () => Promise<T | null> {
  let underWay: Promise<T | null> | null = null;
  return () => {
    underWay ??= ask()
      .catch(() => null)
      .finally(() => {
        underWay = null;
      });
    return Promise.race([underWay, sleep(withinMs, null, { ref: false })]);
  };
}

const ANSWERS_WITHIN_MS = 1_000;
