import { z } from 'zod';
import { wholeNumber } from '../http/fields.ts';

const LIMIT_MAX = 1_000;

/** How many entries a page has. */
export const limit = wholeNumber.default(100).transform((limit) => Math.min(limit, LIMIT_MAX));

interface Page {
  readonly from: number;
  /** How many it has. */
  readonly seen: number;
  readonly total: number;
}

/** Where more follows; in some lists a number, and in others its text. */
export function nextToken<T extends number | string>(
  { from, seen, total }: Page,
  told: (next: number) => T,
): { next_token?: T } {
  const next = from + seen;
  return next < total && seen > 0 ? { next_token: told(next) } : {};
}

/** Of a list in an order of choice, forwards or backwards, and how many of it were seen. */
export const pageFields = {
  from: wholeNumber.default(0),
  limit,
  dir: z.enum(['f', 'b']).default('f'),
};
