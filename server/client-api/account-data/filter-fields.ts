import { z } from 'zod';
import { roomId, userId } from '../../http/fields.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseFilter } from '../../sync/v3/filter/filter.ts';
import { InvalidFilter } from '../../sync/v3/filter/invalid-filter.ts';

/** What an uploaded filter must be, checked when it is uploaded and not when it is used. */
const names = z.array(z.string()).optional();

const eventFilter = z.object({
  limit: z.int().positive().optional(),
  types: names,
  not_types: names,
  senders: z.array(userId).optional(),
  not_senders: z.array(userId).optional(),
});

const roomEventFilter = eventFilter.extend({
  rooms: z.array(roomId).optional(),
  not_rooms: z.array(roomId).optional(),
  contains_url: z.boolean().optional(),
  lazy_load_members: z.boolean().optional(),
  include_redundant_members: z.boolean().optional(),
  unread_thread_notifications: z.boolean().optional(),
});

const filter = z.object({
  event_fields: names,
  event_format: z.enum(['client', 'federation']).optional(),
  presence: eventFilter.optional(),
  account_data: eventFilter.optional(),
  room: z
    .object({
      rooms: z.array(roomId).optional(),
      not_rooms: z.array(roomId).optional(),
      include_leave: z.boolean().optional(),
      account_data: roomEventFilter.optional(),
      ephemeral: roomEventFilter.optional(),
      state: roomEventFilter.optional(),
      timeline: roomEventFilter.optional(),
    })
    .optional(),
});

/** Why the object is no filter; undefined if it is one, which /sync will take. */
export function complaintAboutFilter(object: JsonObject): string | undefined {
  const issue = filter.safeParse(object).error?.issues[0];
  return issue ? `${issue.path.join('.')}: ${issue.message}` : complaintOfSync(object);
}

function complaintOfSync(object: JsonObject): string | undefined {
  try {
    parseFilter(object);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidFilter) return error.message;
    throw error;
  }
}
