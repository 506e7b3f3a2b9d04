import { expect, test } from 'vitest';
import type { EventId } from '../../protocol/identifiers.ts';
import { GapWalk } from './gap-walk.ts';

test('it goes on from those that follow what is neither found nor here', () => {
  const walk = new GapWalk();
  walk.found([event('$d', '$c'), event('$c', '$b'), event('$e', '$here')]);
  expect(walk.open).toEqual(['$b', '$here']);
  expect(walk.next(new Set([id('$here')]), 10)).toEqual(['$c']);
  walk.found([event('$b', '$here')]);
  expect(walk.open).toEqual(['$here']);
  expect(walk.next(new Set([id('$here')]), 10)).toEqual([]);
});

test('of more ends than are named at once each is named before any is named again', () => {
  const walk = new GapWalk();
  const names = Array.from({ length: 60 }, (_, index) => `$${index}`);
  walk.found(names.map((name) => event(name, `$before${name}`)));
  const first = walk.next(new Set(), 50);
  const second = walk.next(new Set(), 50);
  expect(new Set([...first, ...second.slice(0, 10)])).toEqual(new Set(names));
});

const id = (name: string) => name as EventId;

const event = (name: string, ...before: string[]) => ({
  ...{ eventId: id(name), prevEvents: before.map(id) },
});
