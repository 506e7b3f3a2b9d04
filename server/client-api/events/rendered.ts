import { type Answer, jsonText } from '../../http/answer.ts';
import type { Person } from '../../protocol/caller.ts';
import { type Rendering, type RoomEvent, renderEvent } from '../../rooms/room-event.ts';
import { renderSeen, type SeenEvent } from '../../rooms/seen-event.ts';

type Reader = Pick<Person, 'userId' | 'deviceId'>;

/** Events in the form with a room id, as all endpoints but /sync give them. */
export const renderedEvent = (event: RoomEvent, caller: Reader): string =>
  renderEvent(event, renderingFor(caller));

export const renderedEvents = (events: readonly RoomEvent[], caller: Reader): string => {
  const reader = renderingFor(caller);
  return listOf(events, (event) => renderEvent(event, reader));
};

export const renderedSeen = (events: readonly SeenEvent[], caller: Reader): string => {
  const reader = renderingFor(caller);
  return listOf(events, (each) => renderSeen(each, reader));
};

export const renderedOne = (seen: SeenEvent, caller: Reader): string =>
  renderSeen(seen, renderingFor(caller));

const renderingFor = ({ userId, deviceId }: Reader): Rendering => ({
  roomId: true,
  userId,
  deviceId,
  now: Date.now(),
});

/** As `renderEvent`: without an array of texts that is joined. */
function listOf<Each>(all: readonly Each[], render: (each: Each) => string): string {
  let text = '[';
  for (const each of all) {
    if (text !== '[') text += ',';
    text += render(each);
  }
  text += ']';
  return text;
}

type Members = Readonly<Record<string, string | undefined>>;

/** An answer of members whose values are JSON already; those that are undefined are left out. */
export const answerOf = (members: Members): Answer => jsonText(objectText(members));

/** The same within an answer. */
export function objectText(members: Members): string {
  const present = Object.entries(members).filter(([, json]) => json !== undefined);
  return `{${present.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}
