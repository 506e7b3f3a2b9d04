import { expect, test } from 'vitest';
import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { ToldEvents } from './told-events.ts';

test('none is kept before those by which others are authorized, in whatever order they were told of', async () => {
  const fetched = fetching([...chainOf(200), eventOf('alone', [])]);
  expect(await fetched.done).toBe(true);
  expect(fetched.kept).toHaveLength(201);
  const places = new Map(fetched.kept.map((id, index) => [id, index]));
  for (const [id, { authEvents }] of fetched.events)
    for (const below of authEvents) expect(places.get(below)).toBeLessThan(places.get(id)!);
  expect(Math.max(...fetched.pieces)).toBe(64);
});

test('events that are authorized by each other come last, and hold nobody up', async () => {
  const [one, two] = [eventOf('one', ['two']), eventOf('two', ['one'])];
  const fetched = fetching([one, two, eventOf('three', [])]);
  expect(await fetched.done).toBe(true);
  expect(new Set(fetched.kept)).toEqual(new Set(['one', 'two', 'three']));
});

test('to look through a chain of many that is told from its end takes steps by its length', async () => {
  const length = 3_000;
  let looks = 0;
  const chain = chainOf(length).map((event) => ({
    ...event,
    get authEvents() {
      looks += 1;
      return event.authEvents;
    },
  }));
  const fetched = fetching(chain);
  expect(await fetched.done).toBe(true);
  expect(fetched.kept).toHaveLength(length);
  const pieces = length / 64;
  expect(looks).toBeLessThan(3 * length * pieces);
});

const eventOf = (eventId: string, authEvents: string[]) =>
  ({ eventId, authEvents, prevEvents: [], depth: 1, pdu: { eventId } }) as unknown as Event;

/** Each authorized by the next. */
const chainOf = (length: number): Event[] =>
  Array.from({ length }, (_, index) =>
    eventOf(`e${index}`, index + 1 < length ? [`e${index + 1}`] : []),
  );

function fetching(list: readonly Event[]) {
  const events = new Map(list.map((each) => [each.eventId, each]));
  const kept: EventId[] = [];
  const pieces: number[] = [];
  const done = new ToldEvents([...events.keys()], {
    tell: async (id) => ({ kind: 'told', event: events.get(id)! }),
    async keep(some) {
      pieces.push(some.length);
      kept.push(...some.map(({ eventId }) => eventId));
    },
    mayGoOn: () => true,
    wait: async () => {},
  }).fetch();
  return { events, kept, pieces, done };
}
