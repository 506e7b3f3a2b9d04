import { type Attempt, causeOf, type History, succeeded } from './history.ts';

export interface Measured {
  readonly requests: number;
  /** From the fault until acknowledgements flow again; 0 if they never stopped. */
  readonly writesAfterMs: number;
  /** The longest time between two acknowledgements of anybody. */
  readonly longestPauseMs: number;
  /** The longest that one send took, by where it went. */
  readonly longestRequestMs: Readonly<Record<string, number>>;
  /** Attempts that failed, by where they went and why. */
  readonly failed: Readonly<Record<string, number>>;
  readonly failedCount: number;
  /** Sends that took longer than any did before the fault, and then succeeded. */
  readonly waited: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the clients felt of a fault. Only attempts that were under way at the fault or sent later count. */
export function measure(history: History, faultAt: number): Measured {
  const sends = history.attempts.filter(({ what }) => what === 'send');
  const before = sends.filter(({ answeredAt }) => answeredAt < faultAt).map(durationOf);
  const affected = history.attempts.filter((each) => each.answeredAt >= faultAt);
  const failures = affected.filter((each) => !succeeded(each));
  const pause = longestPause(
    sends.filter(succeeded).map(({ answeredAt }) => answeredAt),
    faultAt,
  );
  const usual = Math.max(500, ...before);
  const durations = sends
    .filter(succeeded)
    .map(durationOf)
    .sort((a, b) => a - b);
  return {
    requests: history.attempts.filter(({ what }) => what !== 'set up').length,
    writesAfterMs: pause.ms < PAUSE_MS ? 0 : Math.round(pause.until - faultAt),
    longestPauseMs: Math.round(pause.ms),
    longestRequestMs: longestBy(affected.filter(isSend), ({ through }) => through),
    failed: countBy(failures, (each) => `${each.what} through ${each.through}: ${causeOf(each)}`),
    failedCount: failures.length,
    waited: affected.filter((each) => isSend(each) && succeeded(each) && durationOf(each) > usual)
      .length,
    p50Ms: Math.round(durations[Math.floor(durations.length * 0.5)] ?? 0),
    p99Ms: Math.round(durations[Math.floor(durations.length * 0.99)] ?? 0),
  };
}

/** Failures that clients of these targets saw. */
export function failuresThrough(history: History, targets: readonly string[]): Attempt[] {
  return history.attempts.filter((each) => targets.includes(each.through) && !succeeded(each));
}

/** Shorter than this, a time without an answer is a busy machine. */
export const PAUSE_MS = 500;

/** The longest time between two of these, in order or not, that ends after the fault. */
export function longestPause(answeredAt: readonly number[], faultAt: number) {
  const times = [...answeredAt].sort((a, b) => a - b);
  let longest = { ms: 0, until: faultAt };
  times.forEach((until, index) => {
    const ms = until - (times[index - 1] ?? until);
    if (until >= faultAt && ms > longest.ms) longest = { ms, until };
  });
  return longest;
}

const durationOf = ({ sentAt, answeredAt }: Attempt) => answeredAt - sentAt;
const isSend = ({ what }: Attempt) => what === 'send';

function longestBy(attempts: readonly Attempt[], keyOf: (attempt: Attempt) => string) {
  const longest: Record<string, number> = {};
  for (const each of attempts)
    longest[keyOf(each)] = Math.max(longest[keyOf(each)] ?? 0, Math.round(durationOf(each)));
  return longest;
}

/** The longest stall that any client had to bear. */
export const longestOf = ({ longestRequestMs }: Measured) =>
  Math.max(0, ...Object.values(longestRequestMs));

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}
