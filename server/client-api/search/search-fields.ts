import { z } from 'zod';
import { jsonObject, listOf } from '../../http/fields.ts';
import { SEARCH_KEYS } from '../../search/search.ts';
import { pageFilter } from '../events/page-request.ts';

const CONTEXT_DEFAULT = 5;
const CONTEXT_MAX = 50;
const TERM_CHARACTERS_MAX = 10_000;

const contextLimit = z
  .int()
  .nonnegative()
  .default(CONTEXT_DEFAULT)
  .transform((limit) => Math.min(limit, CONTEXT_MAX));

export const groupKey = z.enum(['room_id', 'sender']);
export type GroupKey = z.output<typeof groupKey>;

const roomEvents = z.object({
  search_term: z.string().max(TERM_CHARACTERS_MAX),
  keys: listOf(z.enum(SEARCH_KEYS), 10).default([...SEARCH_KEYS]),
  filter: jsonObject.default({}).transform(pageFilter),
  order_by: z.enum(['recent', 'rank']).default('rank'),
  event_context: z
    .object({
      before_limit: contextLimit,
      after_limit: contextLimit,
      include_profile: z.boolean().default(false),
    })
    .optional(),
  include_state: z.boolean().default(false),
  groupings: z
    .object({ group_by: listOf(z.object({ key: groupKey }), 10).default([]) })
    .optional()
    .transform((groupings) => groupings?.group_by.map(({ key }) => key) ?? []),
});
export type SearchCriteria = z.output<typeof roomEvents>;

export const searchBody = z.object({
  search_categories: z.object({ room_events: roomEvents.optional() }),
});
