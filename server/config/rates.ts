import type { Config } from './schema.ts';

type Limits = Config['rateLimits'];
type Limited = Exclude<keyof Limits, 'enabled'>;

/** The rates of each kind of request, as the gate takes them. */
export function ratesOf(limits: Limits): Record<Limited, Limits[Limited] | 'unlimited'> {
  const { enabled, read, write, login, registration } = limits;
  if (enabled) return { read, write, login, registration };
  return { read: 'unlimited', write: 'unlimited', login: 'unlimited', registration: 'unlimited' };
}
