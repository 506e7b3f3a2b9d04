import type { Event } from '../event.ts';

/** The ends of both orderings: `origin_server_ts`, then `event_id`. Negative where `a` is smaller. */
export const compareByTimeAndId = (a: Event, b: Event): number =>
  a.originServerTs - b.originServerTs || compareCodePoints(a.eventId, b.eventId);

/** JavaScript compares UTF-16 units; servers in other languages code points, as UTF-8 sorts too. */
const compareCodePoints = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));
