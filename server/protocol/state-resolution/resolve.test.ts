import { describe, expect, test } from 'vitest';
import fc from '../../../test/support/fast-check.ts';
import { choices, type RandomRoom, roomOfChoices } from '../../../test/support/random-room.ts';
import { resolveByTheBook } from '../../../test/support/resolution-by-the-book.ts';
import { roomVersions } from '../room-versions.ts';
import { runWith } from './answering.ts';

import type { StateMap } from './conflict.ts';
import { resolveState } from './resolve.ts';

describe.each(roomVersions())('the resolution of room version %s', (version) => {
  const anyConflict = fc
    .tuple(choices(40), fc.array(fc.nat(), { minLength: 2, maxLength: 4 }))
    .map(([made, picks]) => {
      const room = roomOfChoices(version, made);
      return { room, states: picks.map((pick) => room.states[pick % room.states.length]!) };
    });

  test('does not depend on the order of the states, nor on one that comes twice', () => {
    fc.assert(
      fc.property(anyConflict, ({ room, states }) => {
        const resolved = resolveIn(room, states);
        expect(resolveIn(room, states.toReversed())).toEqual(resolved);
        expect(resolveIn(room, [...states, states[0]!])).toEqual(resolved);
      }),
      { numRuns: 150 },
    );
  });

  test('does not depend on the order of the entries of a state', () => {
    fc.assert(
      fc.property(anyConflict, ({ room, states }) => {
        const turned = states.map((state) => new Map([...state].reverse()));
        expect(resolveIn(room, turned)).toEqual(resolveIn(room, states));
      }),
      { numRuns: 100 },
    );
  });

  test('of states that agree is what they agree on', () => {
    fc.assert(
      fc.property(anyConflict, ({ room, states }) => {
        const [state] = states;
        expect(resolveIn(room, [state!, new Map(state!)])).toEqual(sorted(state!));
      }),
      { numRuns: 20 },
    );
  });

  if (version !== '1') {
    test('is the one that the specification says, set by set', () => {
      fc.assert(
        fc.property(anyConflict, ({ room, states }) => {
          const expected = resolveByTheBook(states, room.room, room.events);
          expect(resolveIn(room, states)).toEqual(sorted(expected));
        }),
        { numRuns: 300 },
      );
    });
  }
});

/** As an object whose keys are in order: maps are equal to vitest in any order of their entries. */
const sorted = (state: StateMap): [string, string][] =>
  [...state].sort(([a], [b]) => (a < b ? -1 : 1));

const resolveIn = (
  { room, events }: RandomRoom,
  states: readonly StateMap[],
): [string, string][] => {
  const about = { roomId: room.create.roomId, rules: room.rules };
  return sorted(runWith(resolveState(states, about), (id) => events.get(id)));
};
