import { lastDeparture } from '../../rooms/membership/last-departure.ts';
import type { PastMembership } from '../../rooms/membership/membership.ts';

type History = readonly PastMembership[];

/** What a user was in a room behind this position of the log. */
export const membershipAt = (history: History, position: number): string | undefined =>
  entryAt(history, position)?.membership;

/** The last that is told of a user in a room up to this position of the log. */
export const entryAt = (history: History, position: number): PastMembership | undefined =>
  history.findLast((entry) => entry.position <= position);

/**
 * Where the user's last stay up to a position ended. What came after it (that they were banned, or
 * turned down another invitation) is theirs to know, and nothing else of the room is.
 */
export function departureUpTo(history: History, upTo: number): number | undefined {
  return lastDeparture(history.filter((entry) => entry.position <= upTo))?.position;
}
