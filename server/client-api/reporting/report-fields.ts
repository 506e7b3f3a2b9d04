import { z } from 'zod';

const REASON_LENGTH_MAX = 10_000;

/** A row of the database: no U+0000. */
export const reason = z
  .string()
  .max(REASON_LENGTH_MAX)
  .refine((text) => !text.includes('\0'), 'must be without U+0000');
