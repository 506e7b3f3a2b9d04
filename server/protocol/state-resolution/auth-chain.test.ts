import { describe, expect, test } from 'vitest';
import { TestRoom } from '../../../test/support/test-room.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { runWith } from './answering.ts';
import { authChainHas, conflictedSubgraph } from './auth-chain.ts';
import { KnownEvents } from './known-events.ts';

const room = new TestRoom('12');
const about = { roomId: room.create.roomId, rules: room.rules };

/** `names: { c: 'ab' }` is an event $c whose auth events are $a and $b. */
const graphOf = (names: Record<string, string>): Map<string, Event> =>
  new Map(
    Object.entries(names).map(([name, auth]) => {
      const authEvents = [...auth].map((each) => `$${each}`);
      const draft = { type: 'm.x', stateKey: '', eventId: `$${name}`, authEvents };
      return [`$${name}`, room.make(draft)];
    }),
  );

const ids = (names: string): EventId[] => [...names].map((name) => `$${name}` as EventId);
const names = (found: ReadonlySet<EventId>): string =>
  [...found]
    .map((id) => id.slice(1))
    .sort()
    .join('');

describe('the conflicted state subgraph', () => {
  const subgraph = (graph: Map<string, Event>, conflicted: string): string => {
    const steps = conflictedSubgraph(new Set(ids(conflicted)), new KnownEvents(about));
    return names(runWith(steps, (id) => graph.get(id)));
  };

  test('has all events on all paths between two conflicting events, however long', () => {
    const graph = graphOf({ a: '', b: 'a', c: 'b', d: 'c', e: 'd', x: 'a', y: 'x', f: 'ey' });
    expect(subgraph(graph, 'af')).toBe('abcdefxy');
    expect(subgraph(graph, 'bf')).toBe('bcdef');
  });

  test('has nothing of what only leads away from them, or up to them', () => {
    const graph = graphOf({ a: '', b: 'a', c: 'b', d: 'c', s: 'a', t: 'ds' });
    expect(subgraph(graph, 'bd')).toBe('bcd');
    expect(subgraph(graph, 'st')).toBe('st');
  });

  test('of events with no path between them are these events', () => {
    expect(subgraph(graphOf({ a: '', b: 'a', c: 'a' }), 'bc')).toBe('bc');
  });
});

describe('what is in an auth chain', () => {
  const graph = graphOf({ a: '', b: 'a', c: 'b', d: 'c', x: 'a' });
  const asked: EventId[] = [];
  const found = (wanted: string, from: string): string => {
    asked.length = 0;
    const steps = authChainHas(ids(wanted), ids(from), new KnownEvents(about));
    const eventOf = (id: EventId): Event | undefined => {
      asked.push(id);
      return graph.get(id);
    };
    return names(runWith(steps, eventOf));
  };

  test('is found at any distance, where it begins too', () => {
    expect(found('abx', 'd')).toBe('ab');
    expect(found('dx', 'd')).toBe('d');
  });

  test('is looked for no further than needed', () => {
    expect(found('c', 'd')).toBe('c');
    expect(asked).toEqual(ids('dc'));
  });
});
