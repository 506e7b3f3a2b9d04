import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { openSync } from '../../../test/support/sync.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const users = Array.from({ length: 100 }, (_, number) => `@${number}:example.org` as UserId);

test('of many whose clients all come at once a few are looked up, and all are answered', async () => {
  await using under = await heldSync();
  const answers = users.map((userId) => under.sync(userId));
  await eventLoop();
  expect(under.asked.size).toBe(8);
  under.release();
  for (const answer of await Promise.all(answers)) expect(answer.next_batch).toBeTypeOf('string');
});

test('who is known is answered while others’ first answers hold the database', async () => {
  await using under = await heldSync();
  under.release();
  const [known, ...others] = users;
  const before = await under.sync(known!);
  under.hold();
  const first = others.map((userId) => under.sync(userId));
  await eventLoop();
  expect((await under.next(known!, before)).next_batch).toBeTypeOf('string');
  under.release();
  await Promise.all(first);
});

test('a first answer that nobody waits for any more is not looked up', async () => {
  await using under = await heldSync();
  const gone = new AbortController();
  const first = users.slice(0, 8).map((userId) => under.sync(userId));
  const left = under.sync('@left:example.org' as UserId, { signal: gone.signal });
  await eventLoop();
  gone.abort('gone');
  await expect(left).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  under.release();
  await Promise.all(first);
  expect(under.asked).not.toContain('@left:example.org');
});

/** Whoever comes first asks in the same turn; this is long enough for all that do not wait. */
async function eventLoop() {
  for (let times = 0; times < 50; times++) await turn();
}

/** The memberships of those who come are not answered before they are released. */
async function heldSync() {
  const fresh = await freshDatabase();
  const asked = new Set<unknown>();
  let held = Promise.withResolvers<void>();
  const database: typeof fresh.database = {
    ...fresh.database,
    async query<R extends object>(...query: Parameters<typeof fresh.database.query>) {
      if (query[0] === 'memberships_of') {
        asked.add(query[2]?.[0]);
        await held.promise;
      }
      return fresh.database.query<R>(...query);
    },
  };
  const under = await openSync({ ...fresh, database });
  return {
    ...under,
    asked,
    hold: () => {
      held = Promise.withResolvers<void>();
    },
    release: () => held.resolve(),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
