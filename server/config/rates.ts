import type { Config } from './schema.ts';

type Limits = Config['rateLimits'];
type Limited = Exclude<keyof Limits, 'enabled'>;

/** The rates of each kind of request, as the gate takes them. */
export function ratesOf(limits: Limits): Record<Limited, Limits[Limited] | 'unlimited'> {
  const { enabled, ...rates } = limits;
  if (enabled) return rates;
  const kinds = Object.keys(rates) as Limited[];
  return Object.fromEntries(kinds.map((kind) => [kind, 'unlimited' as const])) as never;
}
