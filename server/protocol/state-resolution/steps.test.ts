import { describe, expect, test } from 'vitest';
import { ForkedRoom } from '../../../test/support/fork.ts';
import { LargeRoom } from '../../../test/support/large-room.ts';
import { ALICE } from '../../../test/support/test-room.ts';
import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { runAsking, runWith } from './answering.ts';
import { authChainHas } from './auth-chain.ts';
import { type StateMap, separate } from './conflict.ts';
import { KnownEvents } from './known-events.ts';
import { resolveConflict, resolveState } from './resolve.ts';
import type { Answer, Question } from './steps.ts';

const SMALL = { version: '11', entries: 150, conflicted: 12 } as const;

describe('a resolution', () => {
  test('asks for no event twice', () => {
    const asked = questionsOf(new LargeRoom(SMALL)).flatMap(({ ids, kind }) =>
      kind === 'events' ? ids : [],
    );
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('of states that agree asks for nothing', () => {
    const large = new LargeRoom(SMALL);
    const same = [large.states[0], new Map(large.states[0])];
    expect(resolveState(same, aboutOf(large)).next({})).toMatchObject({ done: true });
  });

  test.each(['1', '11'] as const)(
    'of version %s asks for as much in a large room as in a small one, where auth chains have an index',
    (version) => {
      const asked = (entries: number): number =>
        questionsOf(new LargeRoom({ version, entries, conflicted: 12 })).flatMap(({ ids }) => ids)
          .length;
      expect(asked(1500)).toBe(asked(420));
    },
  );

  test('asks nothing about auth chains where nothing but the states themselves differs', () => {
    const room = new ForkedRoom('11');
    const base = room.begin().member('alice', ALICE, 'join');
    const states = [base.fork().topic('one').state, base.fork().topic('two').state];
    const steps = resolveState(states, room.about);
    const kinds: string[] = [];
    let step = steps.next({});
    while (!step.done) {
      kinds.push(step.value.kind);
      step = steps.next({ events: step.value.ids.flatMap((id) => room.events.get(id) ?? []) });
    }
    expect(kinds).toEqual(['events', 'events']);
  });

  test('takes the same course whether auth chains have an index or are walked', () => {
    const large = new LargeRoom(SMALL);
    const walked = runWith(resolveState(large.states, aboutOf(large)), eventOf(large));
    const steps = resolveState(large.states, aboutOf(large));
    let step = steps.next({});
    while (!step.done) step = steps.next(indexed(large, step.value));
    expect(step.value).toEqual(walked);
  });

  test('may be brought more than it asked for, and then asks for less', () => {
    const large = new LargeRoom(SMALL);
    const steps = resolveState(large.states, aboutOf(large));
    const kinds: string[] = [];
    let step = steps.next({});
    while (!step.done) {
      kinds.push(step.value.kind);
      step = steps.next({ events: [...large.events.values()], reached: new Set() });
    }
    expect(kinds).toEqual(['events', 'reached']);
  });

  test('can be answered by promises, and passes on what they throw', async () => {
    const large = new LargeRoom(SMALL);
    const steps = () => resolveState(large.states, aboutOf(large));
    const resolved = await runAsking(steps(), async (question) => indexed(large, question));
    expect(resolved).toEqual(runWith(steps(), eventOf(large)));
    const failing = runAsking(steps(), () => Promise.reject(new Error('no database')));
    await expect(failing).rejects.toThrow('no database');
  });

  test('of a conflict is what it adds to the unconflicted entries', () => {
    const large = new LargeRoom(SMALL);
    const conflict = separate(large.states, aboutOf(large).rules);
    const added = runWith(resolveConflict(conflict, aboutOf(large)), eventOf(large));
    const whole = runWith(resolveState(large.states, aboutOf(large)), eventOf(large));
    expect(new Map([...conflict.unconflicted, ...added])).toEqual(whole);
    expect([...added.keys()].filter((key) => conflict.unconflicted.has(key))).toEqual([]);
  });
});

const aboutOf = ({ room }: LargeRoom) => ({ roomId: room.create.roomId, rules: room.rules });

const eventOf =
  (large: LargeRoom) =>
  (id: EventId): Event | undefined =>
    large.events.get(id);

const indexed = (large: LargeRoom, question: Question): Answer => {
  if (question.kind === 'events') {
    return { events: question.ids.flatMap((id) => large.events.get(id) ?? []) };
  }
  const { unconflicted } = separate(large.states as readonly StateMap[], large.room.rules);
  const starts = [...question.from, ...unconflicted.values()];
  const known = new KnownEvents(aboutOf(large));
  return { reached: runWith(authChainHas(question.ids, starts, known), eventOf(large)) };
};

const questionsOf = (large: LargeRoom): Question[] => {
  const questions: Question[] = [];
  const steps = resolveState(large.states, aboutOf(large));
  let step = steps.next({});
  while (!step.done) {
    questions.push(step.value);
    step = steps.next(indexed(large, step.value));
  }
  return questions;
};
