/** How much there was within a time that begins with the first of it. */
export interface Window {
  readonly sinceMs: number;
  count: number;
}

/** The one before as long as it lasts, and then a new one with nothing in it. */
export const current = (
  window: Window | undefined,
  { nowMs, lastsMs }: { nowMs: number; lastsMs: number },
): Window =>
  window !== undefined && nowMs - window.sinceMs < lastsMs ? window : { sinceMs: nowMs, count: 0 };
