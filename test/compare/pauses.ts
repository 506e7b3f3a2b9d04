/** Series of events begin so long before the fault, and have one count for each step. */
export const SERIES_FROM_MS = 10_000;
export const SERIES_STEP_MS = 100;

const FAULT_STEP = SERIES_FROM_MS / SERIES_STEP_MS;
/** Shorter than this, a time without an answer is a busy machine. */
const PAUSE_STEPS = 5;
/** And so is what was nearly as long while nothing was wrong: the slower of two systems is not to be held to the other's pace. */
const BEYOND_USUAL = 2;

/**
 * Milliseconds of each time without an event after the fault that is longer than half a second and than twice the longest
 * before it. What had not ended by the end counts as far as it went.
 */
export function pausesIn(series: readonly number[]): number[] {
  const usual = Math.max(0, ...silencesIn(series.slice(0, FAULT_STEP)));
  const least = Math.max(PAUSE_STEPS, BEYOND_USUAL * usual);
  return silencesIn(series.slice(FAULT_STEP))
    .filter((steps) => steps >= least)
    .map((steps) => steps * SERIES_STEP_MS);
}

/** How many steps each silence has. */
function silencesIn(series: readonly number[]): number[] {
  const lengths = [0];
  for (const count of series) {
    if (count > 0) lengths.push(0);
    else lengths[lengths.length - 1]! += 1;
  }
  return lengths.filter((steps) => steps > 0);
}
