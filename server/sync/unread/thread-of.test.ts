import { expect, test } from 'vitest';
import type { EventId } from '../../protocol/identifiers.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import { threadOf, threadsOf } from './thread-of.ts';

function roomOf(...events: RoomEvent[]) {
  const asked: EventId[][] = [];
  const byId = new Map(events.map((event) => [event.eventId, event]));
  return {
    asked,
    async events(ids: readonly EventId[]) {
      asked.push([...ids]);
      return ids.flatMap((id) => byId.get(id) ?? []);
    },
  };
}

const event = (eventId: string, relType?: string, to?: string): RoomEvent =>
  ({
    eventId,
    content: relType === undefined ? {} : { 'm.relates_to': { rel_type: relType, event_id: to } },
  }) as unknown as RoomEvent;

test('what relates to an event of a thread is in that thread, up to three hops away', async () => {
  const reply = event('$reply', 'm.thread', '$root');
  const one = event('$1', 'm.annotation', '$reply');
  const two = event('$2', 'm.reference', '$1');
  const three = event('$3', 'm.reference', '$2');
  const room = roomOf(event('$root'), reply, one, two, three);
  expect(await threadsOf(room, [reply, one, two, three, event('$root')])).toEqual([
    '$root',
    '$root',
    '$root',
    'main',
    'main',
  ]);
});

test('what many events relate to is one question a hop, and none the next time', async () => {
  const reactions = Array.from({ length: 500 }, (_, n) =>
    event(`$${n}`, 'm.annotation', `$p${n % 50}`),
  );
  const parents = Array.from({ length: 50 }, (_, n) => event(`$p${n}`, 'm.thread', '$root'));
  const room = roomOf(...parents);
  for (let reader = 0; reader < 3; reader++)
    expect(new Set(await threadsOf(room, reactions))).toEqual(new Set(['$root']));
  expect(room.asked.map((ids) => ids.length)).toEqual([50]);
});

test('what relates to something unknown is in the main timeline, and is not asked for again', async () => {
  const lost = event('$lost', 'm.annotation', '$nowhere');
  const room = roomOf();
  expect([await threadOf(room, lost), await threadOf(room, lost)]).toEqual(['main', 'main']);
  expect(room.asked).toHaveLength(1);
});
