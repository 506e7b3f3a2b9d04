import type { Database } from '../storage/database.ts';
import {
  type FindQuery,
  type FoundEvent,
  foundEvents,
  WINDOWS_MAX,
} from '../storage/search/found-events.ts';
import { WINDOW_BITS } from '../storage/search/search-documents.ts';

const WINDOW = 2 ** WINDOW_BITS;

/** How far back it is looked, each time behind the last; the rest at once, which by then holds few. */
const STEPS = [2, WINDOWS_MAX - 1, Number.POSITIVE_INFINITY];

/**
 * The newest that match. A word that is in every second message has half of them in its list, so nothing goes
 * through the whole of it: what is common is found among the newest, and what is not there is not common.
 */
export async function newestFound(
  database: Database,
  find: Omit<FindQuery, 'after'>,
): Promise<FoundEvent[]> {
  const found: FoundEvent[] = [];
  let { upTo } = find;
  for (const windows of STEPS) {
    const after = Math.max(0, (Math.floor(upTo / WINDOW) - windows + 1) * WINDOW - 1);
    const limit = find.limit - found.length;
    found.push(...(await foundEvents(database, { ...find, after, upTo, limit })));
    if (found.length >= find.limit || after === 0) break;
    upTo = after;
  }
  return found;
}
