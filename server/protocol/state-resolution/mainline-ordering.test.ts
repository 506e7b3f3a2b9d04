import { describe, expect, test } from 'vitest';
import { TestRoom } from '../../../test/support/test-room.ts';
import type { Event } from '../event.ts';
import { runWith } from './answering.ts';
import { KnownEvents } from './known-events.ts';
import { orderByMainline } from './mainline-ordering.ts';

describe('the mainline ordering', () => {
  const room = new TestRoom('11');
  const events = new Map<string, Event>();
  const make = (type: string, name: string, behind: string | undefined, time: number): Event => {
    const authEvents = behind === undefined ? [] : [`$${behind}`];
    const draft = { type, stateKey: '', eventId: `$${name}`, authEvents, originServerTs: time };
    const event = room.make(draft);
    events.set(event.eventId, event);
    return event;
  };
  const levels = (name: string, behind?: string): Event =>
    make('m.room.power_levels', name, behind, 0);
  const topic = (name: string, behind: string | undefined, time: number): Event =>
    make('m.room.topic', name, behind, time);

  levels('p0');
  for (let i = 1; i < 9; i++) levels(`p${i}`, `p${i - 1}`);
  levels('side3', 'p3');
  levels('side4', 'side3');
  levels('lost');

  const order = (from: string | undefined, ...topics: Event[]): string => {
    const known = new KnownEvents({ roomId: room.create.roomId, rules: room.rules });
    const eventOf = (id: string): Event | undefined => events.get(id);
    runWith(known.learn([...topics.map((event) => event.eventId)]), eventOf);
    const start = from === undefined ? undefined : events.get(`$${from}`);
    const ordered = runWith(orderByMainline(topics, start, known), eventOf);
    return ordered.map((event) => event.eventId.slice(1)).join(' ');
  };

  test('puts first who was authorized by older power levels, however far back', () => {
    const [a, b] = [topic('a', 'p1', 20), topic('b', 'p2', 10)];
    expect(order('p8', a, b)).toBe('a b');
    expect(order('p8', b, a)).toBe('a b');
  });

  test('does not depend on whose position is looked for first', () => {
    const topics = [topic('n', 'p6', 5), topic('a', 'p4', 20), topic('b', 'p5', 10)];
    for (const turned of [topics, topics.toReversed()]) {
      expect(order('p8', ...turned)).toBe('a b n');
    }
  });

  test('counts power levels beside the mainline by where the way behind them meets it', () => {
    const topics = [topic('s', 'side4', 1), topic('c', 'p4', 1), topic('d', 'p2', 30)];
    expect(order('p8', ...topics)).toBe('d s c');
    const same = [topic('t', 'side3', 7), topic('u', 'side4', 6), topic('v', 'p3', 5)];
    expect(order('p8', ...same)).toBe('v u t');
  });

  test('puts those with no way to the mainline before all', () => {
    const topics = [topic('o', 'p0', 1), topic('l', 'lost', 9), topic('z', undefined, 8)];
    expect(order('p8', ...topics)).toBe('z l o');
  });

  test('without power levels is by time, then by id', () => {
    const topics = [topic('y', 'p0', 3), topic('x', 'p8', 3), topic('w', 'p4', 2)];
    expect(order(undefined, ...topics)).toBe('w x y');
  });
});
