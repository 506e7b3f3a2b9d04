import type { JsonObject } from './json.ts';

/** What the operator says of how long events are kept. Milliseconds, each. */
export interface RetentionBounds {
  /** Of rooms that say nothing of it; without one these keep everything. */
  readonly defaultLifetimeMs: number | undefined;
  /** What a room may wish is brought into these. */
  readonly lifetimeMsMin: number | undefined;
  readonly lifetimeMsMax: number | undefined;
}

export const RETENTION = 'm.room.retention';

/** How long the events of a room are kept, by the content of its `m.room.retention` (MSC1763); undefined for ever. */
export function lifetimeOf(
  content: JsonObject | undefined,
  {
    defaultLifetimeMs,
    lifetimeMsMin = 0,
    lifetimeMsMax = Number.POSITIVE_INFINITY,
  }: RetentionBounds,
): number | undefined {
  const wished = content?.max_lifetime;
  const isWish = typeof wished === 'number' && Number.isSafeInteger(wished) && wished >= 0;
  if (!isWish) return defaultLifetimeMs;
  return Math.min(Math.max(wished, lifetimeMsMin), lifetimeMsMax);
}
