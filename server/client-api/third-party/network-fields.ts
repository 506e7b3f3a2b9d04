import { z } from 'zod';

const FIELDS_MAX = 20;
/** What a query has for this server, not for a bridge. */
const OURS = ['access_token', 'user_id', 'device_id'];

/** Custom fields of a network, each once. */
export const networkFields = z
  .record(z.string().max(255), z.string().max(1_024))
  .transform((all) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !OURS.includes(key))),
  )
  .refine((all) => Object.keys(all).length <= FIELDS_MAX, `has at most ${FIELDS_MAX} fields`);
