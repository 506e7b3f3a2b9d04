/** What an attempt to reach a server taught of it. */
export interface BackOff {
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly retryAtMs: number;
}

export const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 3_600_000;
/** What a server asks for with `retry_after_ms` is its own affair, within bounds. */
const ASKED_MS_MAX = 3_600_000;

/** Doubled by each failure on end, up to an hour; a quarter more or less, so that not all come back at once. */
export function backOff(
  failures: number,
  { now, random, firstPauseMs, askedMs = 0, pauseMsMax = PAUSE_MS_MAX }: Circumstances,
): BackOff {
  const grown = Math.min(PAUSE_MS_MAX, pauseMsMax, firstPauseMs * 2 ** Math.min(failures - 1, 30));
  const pauseMs = Math.max(grown * (0.75 + random / 2), Math.min(askedMs, ASKED_MS_MAX));
  return { failures, retryAtMs: now + Math.round(pauseMs) };
}

interface Circumstances {
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  readonly firstPauseMs: number;
  readonly askedMs?: number | undefined;
  /** Where it is less than an hour. */
  readonly pauseMsMax?: number | undefined;
}
