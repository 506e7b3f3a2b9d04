import { expect, test } from 'vitest';
import { LEADING } from '../../../test/support/leading.ts';
import { replay } from '../told/story.ts';

test('where votes move the lead behind an order that failed, the operator is told who leads', () => {
  expect(answersTo('2900 not moved', '3700 etcd patroni b')).toEqual([
    "3700 answer yes: Patroni's leader is now b.",
  ]);
});

test('where another site took over than was named, the operator is told of that one', () => {
  expect(answersTo('2900 etcd patroni b', '2950 moved')).toEqual([
    "2950 answer yes: Patroni's leader is now b.",
  ]);
});

test("who refuses is believed once the primary is seen to go on, which an order that has begun to end it doesn't let it", () => {
  const refusal = '2900 not moved';
  const goesOn = ['3000 postgres primary', '5000 postgres primary'];
  expect(answersTo(refusal, ...goesOn)).toEqual([]);
  expect(answersTo(refusal, ...goesOn, '5950 postgres primary')).toEqual([
    '5950 answer no: Patroni refuses',
  ]);
  expect(answersTo(refusal, '5950 postgres standby', '22000 tick')).toEqual([]);
  expect(answersTo(refusal, '5950 postgres standby', '22950 tick')).toEqual([
    '22950 answer no: Patroni refuses',
  ]);
});

test('what etcd does not tell in time is told as what Patroni says', () => {
  expect(answersTo('2900 moved', '4800 tick')).toEqual([]);
  expect(answersTo('2900 moved', '4950 tick')).toEqual([
    '4950 answer yes: Patroni says that its leader is now c.',
  ]);
});

test('before an operator has been answered nobody moves anything for another one', () => {
  expect(answersTo('2900 not moved', '3000 switchover b', '3700 etcd patroni c')).toEqual([
    '3000 answer no: A switchover is under way already.',
    "3700 answer yes: Patroni's leader is now c.",
  ]);
});

/** What an operator is told who has asked a, which leads, for c. */
function answersTo(...story: readonly string[]): string[] {
  const answers: string[] = [];
  let at = '';
  const told = replay({ before: LEADING, story: ['400 switchover c', ...story].join('\n') });
  for (const line of told.split('\n')) {
    at = /^\d+/.exec(line)?.[0] ?? at;
    if (/^ +answer /.test(line)) answers.push(`${at} ${line.trim()}`);
  }
  return answers;
}
