import { describe, expect, test } from 'vitest';
import type { EventId } from '../identifiers.ts';
import { rulesOf } from '../room-versions.ts';
import { type StateMap, separate } from './conflict.ts';

const stateOf = (entries: Record<string, string>): StateMap =>
  new Map(Object.entries(entries)) as unknown as StateMap;

const split = (version: string, ...states: StateMap[]) => {
  const { unconflicted, conflicted } = separate(states, rulesOf(version)!);
  return {
    unconflicted: Object.fromEntries(unconflicted),
    conflicted: conflicted.map((state) => Object.fromEntries(state)),
  };
};

describe('states are separated into what is unconflicted and what is not', () => {
  const one = stateOf({ same: '$1', other: '$2', mine: '$3' });
  const two = stateOf({ yours: '$5', other: '$4', same: '$1' });

  test('a key with the same event in every state is unconflicted', () => {
    expect(split('2', one, one)).toEqual({
      unconflicted: { same: '$1', other: '$2', mine: '$3' },
      conflicted: [{}, {}],
    });
  });

  test('otherwise all its events are in conflict, from version 2 on also where a state has none', () => {
    expect(split('2', one, two)).toEqual({
      unconflicted: { same: '$1' },
      conflicted: [
        { other: '$2', mine: '$3' },
        { other: '$4', yours: '$5' },
      ],
    });
  });

  test('in version 1 a key that only some states have is no conflict', () => {
    expect(split('1', one, two)).toEqual({
      unconflicted: { same: '$1', mine: '$3', yours: '$5' },
      conflicted: [{ other: '$2' }, { other: '$4' }],
    });
  });

  test('a third state can bring the conflict', () => {
    const three = stateOf({ same: '$6' as EventId, other: '$2', mine: '$3' });
    expect(split('2', one, one, three).unconflicted).toEqual({ other: '$2', mine: '$3' });
    expect(split('1', stateOf({}), one, three).unconflicted).toEqual({ other: '$2', mine: '$3' });
  });
});
