import { type Answer, jsonText } from '../../http/answer.ts';
import type { Person } from '../../protocol/caller.ts';
import type { SeenEvent } from '../../rooms/room-event.ts';
import { type RoomEvent, renderEvent } from '../../rooms/room-event.ts';

/** Events in the form with a room id, as all endpoints but /sync give them. */
export const renderedEvent = (event: RoomEvent, caller: Person, membership?: string): string =>
  renderEvent(event, {
    roomId: true,
    userId: caller.userId,
    deviceId: caller.deviceId,
    membership,
    now: Date.now(),
  });

export const renderedEvents = (events: readonly RoomEvent[], caller: Person): string =>
  `[${events.map((event) => renderedEvent(event, caller)).join(',')}]`;

export const renderedSeen = (events: readonly SeenEvent[], caller: Person): string =>
  `[${events.map((seen) => renderedEvent(seen.event, caller, seen.membership)).join(',')}]`;

/** An answer of members whose values are JSON already; those that are undefined are left out. */
export function answerOf(members: Readonly<Record<string, string | undefined>>): Answer {
  const present = Object.entries(members).filter(([, json]) => json !== undefined);
  return jsonText(
    `{${present.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`,
  );
}
