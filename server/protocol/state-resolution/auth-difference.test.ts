import { expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { TestRoom } from '../../../test/support/test-room.ts';
import { type Event, stateKeyOf } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { runWith } from './answering.ts';
import { authDifference } from './auth-difference.ts';
import { separate } from './conflict.ts';
import { KnownEvents } from './known-events.ts';

const room = new TestRoom('11');
const about = { roomId: room.create.roomId, rules: room.rules };

interface Node {
  /** How far back its auth events are. */
  readonly back: readonly number[];
  readonly depth: number;
  /** The states that have it, as bits; each event has a key of its own. */
  readonly states: number;
}

const node: fc.Arbitrary<Node> = fc.record({
  back: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
  depth: fc.nat(30),
  states: fc.oneof(fc.constant(0), fc.nat(7)),
});

test('the auth difference is what some chains have and others have not, whatever depths say', () => {
  fc.assert(
    fc.property(fc.array(node, { minLength: 4, maxLength: 25, size: 'max' }), (nodes) => {
      const events = eventsOf(nodes);
      const states = [1, 2, 4].map((bit) => {
        const its = [...events.values()].filter((_event, i) => nodes[i]!.states & bit);
        return new Map(its.map((event) => [keyOf(event), event.eventId]));
      });
      const { unconflicted, conflicted } = separate(states, room.rules);
      const ofStates = new Set(conflicted.flatMap((state) => [...state.values()]));
      const expected = differenceOf(
        states.map((state) => [...state.values()]),
        events,
      );
      const steps = authDifference({ unconflicted, conflicted }, new KnownEvents(about));
      const found = runWith(steps, (id) => events.get(id));
      expect([...found].sort()).toEqual(expected.filter((id) => !ofStates.has(id)).sort());
    }),
    { numRuns: 1500 },
  );
});

const keyOf = (event: Event): string => stateKeyOf(event.type, event.stateKey!);

const eventsOf = (nodes: readonly Node[]): Map<EventId, Event> => {
  const events = new Map<EventId, Event>();
  for (const [i, { back, depth }] of nodes.entries()) {
    const authEvents = back.filter((far) => far <= i).map((far) => `$${i - far}`);
    const draft = { type: 'm.x', stateKey: `${i}`, eventId: `$${i}`, authEvents, depth };
    const event = room.make(draft);
    events.set(event.eventId, event);
  }
  return events;
};

const differenceOf = (
  states: readonly (readonly EventId[])[],
  events: ReadonlyMap<EventId, Event>,
): EventId[] => {
  const chains = states.map((ids) => {
    const chain = new Set(ids);
    for (const id of chain) for (const authId of events.get(id)!.authEvents) chain.add(authId);
    return chain;
  });
  const union = new Set(chains.flatMap((chain) => [...chain]));
  return [...union].filter((id) => !chains.every((chain) => chain.has(id)));
};
