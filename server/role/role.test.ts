import { expect, test } from 'vitest';
import { Role, type Term } from './role.ts';

const writer = (leaderRevision: string, deadlineMs = Number.MAX_SAFE_INTEGER) =>
  ({ role: 'writer', leaderRevision, deadlineMs }) as const;

test('the role of the writer is taken over once, however often it is assigned', async () => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  bench.role.assign(writer('7'));
  expect(bench.role.name).toBe('taking-over');
  bench.terms[0]!.settle.resolve();
  await expect.poll(() => bench.role.name).toBe('writer');
  bench.role.assign(writer('7'));
  expect(bench.terms).toHaveLength(1);
});

test('each assignment of the same term renews its deadline', () => {
  const bench = workbench();
  bench.role.assign(writer('7', 0));
  const { deadline } = bench.terms[0]!.term;
  expect(deadline.mayAnswer()).toBe(false);
  bench.role.assign(writer('7'));
  expect(deadline.mayAnswer()).toBe(true);
});

test('a deadline of nought withholds it at once, and the next one gives it back', () => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  const { deadline } = bench.terms[0]!.term;
  bench.role.assign(writer('7', 0));
  expect(deadline.mayAnswer()).toBe(false);
  bench.role.assign(writer('7'));
  expect(deadline.mayAnswer()).toBe(true);
  bench.role.assign(writer('7', 1));
  expect(deadline.mayAnswer()).toBe(true);
});

test.each([
  ['follower', { role: 'follower' } as const],
  ['a new term', writer('8')],
])('a writer that is assigned %s ends: there is no way back', async (_what, assignment) => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  bench.terms[0]!.settle.resolve();
  await expect.poll(() => bench.role.name).toBe('writer');
  bench.role.assign(assignment);
  expect(bench.role.name).toBe('stopping');
  expect(bench.ends).toHaveLength(1);
});

test('a takeover is called off when the role is taken back', () => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  bench.role.assign({ role: 'follower' });
  expect(bench.terms[0]!.term.signal.aborted).toBe(true);
  expect(bench.ends).toHaveLength(1);
});

test('a takeover that is refused leaves a follower that says why, and tries again', async () => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  bench.terms[0]!.settle.reject(new Error('PostgreSQL is a standby'));
  await expect.poll(() => bench.role.name).toBe('follower');
  expect(bench.role.why).toBe('PostgreSQL is a standby');
  bench.role.assign(writer('7'));
  expect(bench.terms).toHaveLength(2);
});

test.each([
  ['succeeds', (settle: PromiseWithResolvers<void>) => settle.resolve()],
  ['fails', (settle: PromiseWithResolvers<void>) => settle.reject(new Error('cut'))],
])('a takeover that was called off and %s all the same changes nothing', async (_what, end) => {
  const bench = workbench();
  bench.role.assign(writer('7', 0));
  bench.role.assign({ role: 'follower' });
  const { settle, term } = bench.terms[0]!;
  end(settle);
  await settle.promise.catch(() => {});
  bench.role.assign(writer('7'));
  expect([bench.role.name, bench.role.why]).toEqual([
    'stopping',
    'the agent took the role of the writer back',
  ]);
  expect([bench.terms.length, term.deadline.mayAnswer()]).toEqual([1, false]);
});

test('why a takeover failed is told until the next one begins', async () => {
  const bench = workbench();
  bench.role.assign(writer('7'));
  bench.terms[0]!.settle.reject(new Error('PostgreSQL is a standby'));
  await expect.poll(() => bench.role.why).toBe('PostgreSQL is a standby');
  bench.role.assign(writer('7'));
  expect(bench.role.why).toBeUndefined();
});

test('a follower that is told to be one goes on', () => {
  const bench = workbench();
  bench.role.assign({ role: 'follower' });
  expect(bench.role.name).toBe('follower');
  expect(bench.ends).toEqual([]);
});

function workbench() {
  const terms: { term: Term; settle: PromiseWithResolvers<void> }[] = [];
  const ends: string[] = [];
  const role = new Role({
    becomeWriter: (term) => {
      const settle = Promise.withResolvers<void>();
      terms.push({ term, settle });
      return settle.promise;
    },
    end: (why) => ends.push(why),
  });
  return { role, terms, ends };
}
