import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { shown } from './events.ts';

test('whether an event is behind a gap is looked up by its keys, also where the planner knows nothing of the table', async () => {
  await using fresh = await freshDatabase();
  const nids = Array.from({ length: 100 }, (_, index) => index);
  const plan = await fresh.database.query<{ readonly 'QUERY PLAN': string }>(
    'plan_of_shown',
    `EXPLAIN ${shown(`SELECT * FROM event WHERE event_nid = ANY ('{${nids}}')`)}`,
  );
  const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(lines).toContain('timeline_gap_pkey');
  expect(lines).not.toContain('hashed');
});
