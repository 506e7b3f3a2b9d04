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
  const lane = { piece: (_bytes: number, work: (database: unknown) => unknown) => work({ query }) };
  const access = new LastAccess({
    stored: { now: () => 5 },
    lane: lane as unknown as BulkLane,
    onError() {},
  });
  access.note('a');
  await expect(access.write()).rejects.toThrow('does not answer');
  access.note('b');
  answers = true;
  await access.write();
  await access.write();
  expect(written.map((ids) => [...(ids as string[])].sort())).toEqual([['a', 'b']]);
});
