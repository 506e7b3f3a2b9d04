import { expect, onTestFinished, test } from 'vitest';
import { OpenAnswers } from './open-answers.ts';

test('of a hundred whose clients take nothing sixty-four stay open, those that were given something last', () => {
  const { open, answers, clock, suspended } = begun(100);
  for (const answer of answers) {
    open.given(answer);
    clock.ms += 10;
  }
  clock.ms += 1_000;
  open.look();
  expect(suspended()).toEqual(Array.from({ length: 36 }, (_, n) => n));
  expect(open.count).toBe(64);
});

test('nobody is suspended whose client goes on taking, or has just stopped', () => {
  const { open, answers, clock, suspended } = begun(100);
  for (const answer of answers) open.given(answer);
  clock.ms += 999;
  open.look();
  expect(suspended()).toEqual([]);
  for (const answer of answers.slice(0, 98)) open.taken(answer);
  clock.ms += 1;
  open.look();
  expect(suspended()).toEqual([98, 99]);
});

test('a few are left alone, however long their clients take nothing', () => {
  const { open, answers, clock, suspended } = begun(64);
  for (const answer of answers) open.given(answer);
  clock.ms += 3_600_000;
  open.look();
  expect(suspended()).toEqual([]);
});

test('what came to its end leaves its place to others', () => {
  const { open, answers, clock, suspended } = begun(65);
  for (const answer of answers) open.given(answer);
  open.ended(answers[0]!);
  clock.ms += 1_000;
  open.look();
  expect(suspended()).toEqual([]);
});

function begun(count: number) {
  const clock = { ms: 0 };
  const open = new OpenAnswers(() => clock.ms);
  onTestFinished(() => open.close());
  const suspended: number[] = [];
  const answers = Array.from({ length: count }, (_, n) => {
    const answer = {
      suspend() {
        suspended.push(n);
        open.ended(answer);
      },
    };
    open.begun(answer);
    return answer;
  });
  return { open, answers, clock, suspended: () => suspended };
}
