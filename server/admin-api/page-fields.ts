import { z } from 'zod';
import { wholeNumber } from '../http/fields.ts';

const LIMIT_MAX = 1_000;

/** How many entries a page has. */
export const limit = wholeNumber.default(100).transform((limit) => Math.min(limit, LIMIT_MAX));

/** Of a list in an order of choice, forwards or backwards, and how many of it were seen. */
export const pageFields = {
  from: wholeNumber.default(0),
  limit,
  dir: z.enum(['f', 'b']).default('f'),
};
