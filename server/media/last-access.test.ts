import { expect, test } from 'vitest';
import type { BulkLane } from '../log/bulk.ts';
import { LastAccess } from './last-access.ts';

test('what could not be written down is written down the next time', async () => {
  const written: unknown[] = [];
  let answers = false;
  const query = async (_name: string, _sql: string, values: readonly unknown[]) => {
    if (!answers) throw new Error('the database does not answer');
    written.push(values[0]);
    return [];
  };
  const access = open(query);
  access.note('a');
  await expect(access.write()).rejects.toThrow('does not answer');
  access.note('b');
  answers = true;
  await access.write();
  await access.write();
  expect(written.map((ids) => [...(ids as string[])].sort())).toEqual([['a', 'b']]);
});

test('whoever has all written down waits for what is being written already', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const written: string[] = [];
  const access = open(async (_name, _sql, [ids]) => {
    asked.resolve();
    await answer.promise;
    written.push(...(ids as string[]));
    return [];
  });
  access.note('a');
  const first = access.write();
  await asked.promise;
  const seen = access.write().then(() => [...written]);
  answer.resolve();
  expect(await seen).toEqual(['a']);
  await first;
});

type Query = (name: string, sql: string, values: readonly unknown[]) => Promise<unknown[]>;

function open(query: Query): LastAccess {
  const lane = { piece: (_bytes: number, work: (database: unknown) => unknown) => work({ query }) };
  return new LastAccess({
    stored: { now: () => 5 },
    lane: lane as unknown as BulkLane,
    onError() {},
  });
}
