import { expect, test } from 'vitest';
import { LargeRoom } from '../../../test/support/large-room.ts';
import type { EventId } from '../identifiers.ts';
import { runWith } from './answering.ts';
import { separate } from './conflict.ts';
import { resolveConflict, resolveState } from './resolve.ts';
import type { Answer, Question } from './steps.ts';

/** Run with `vitest bench --run --project 'unit (bench)' resolve`. */
test.for(['1', '11', '12'] as const)(
  'version %s: 10,000 state entries, 50 of them in conflict',
  async (version, { bench }) => {
    const size = { version, entries: 10_000, conflicted: 50 };
    const { room, events, states } = new LargeRoom(size);
    const about = { roomId: room.create.roomId, rules: room.rules };
    const eventOf = (id: EventId) => events.get(id);
    const conflict = separate(states, about.rules);
    expect([...states[0]]).toHaveLength(10_000);
    expect(conflict.conflicted[0]!.size).toBe(50);

    const nothingIsReached = (question: Question): Answer =>
      question.kind === 'reached'
        ? { reached: new Set() }
        : { events: question.ids.flatMap((id) => eventOf(id) ?? []) };
    const withIndex = (): void => {
      const steps = resolveConflict(conflict, about);
      let step = steps.next({});
      while (!step.done) step = steps.next(nothingIsReached(step.value));
    };
    await bench.compare(
      bench('two whole states, no index of auth chains', () => {
        runWith(resolveState(states, about), eventOf);
      }),
      bench('the conflict, no index of auth chains', () => {
        runWith(resolveConflict(conflict, about), eventOf);
      }),
      bench('the conflict, with an index of auth chains', withIndex),
    );
  },
);
