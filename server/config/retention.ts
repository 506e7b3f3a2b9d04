import type { RetentionBounds } from '../protocol/retention.ts';
import type { Config } from './schema.ts';

const DAY_MS = 24 * 3_600_000;

/** Undefined where everything is kept. */
export function retentionOf({
  enabled,
  defaultDays,
  minDays,
  maxDays,
}: Config['retention']): RetentionBounds | undefined {
  const ms = (days: number | undefined) => (days === undefined ? undefined : days * DAY_MS);
  if (!enabled) return undefined;
  return {
    defaultLifetimeMs: ms(defaultDays),
    ...{ lifetimeMsMin: ms(minDays), lifetimeMsMax: ms(maxDays) },
  };
}
