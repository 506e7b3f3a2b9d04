import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import { rowsAlone } from '../log/change.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import { NotWriter } from '../log/log.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { type Database, DatabaseUnavailable } from '../storage/database.ts';
import { LongOrders, type Work } from './long-orders.ts';

const order = {
  ...({ kind: 'redact-user', action: 'adminRedactEvents', target: '@bob:x' } as const),
  ...{ by: '@root:x' as UserId, asked: { n: 1 } },
};
const keptNothing = () => undefined;

test('an order is done, and its outcome told until its time is over', async () => {
  await using bench = await workbench(async ({ asked }) => ({ seen: asked.n! }));
  const id = await bench.orders.begin(order, keptNothing);
  await expect.poll(() => bench.told(id)).toEqual(['complete', { seen: 1 }, DONE]);
  expect(await bench.orders.of('@bob:x')).toHaveLength(1);
  expect(await bench.orders.of('@carol:x')).toEqual([]);
});

test('one that is refused has failed, and says why; one that fails else says that, and we are told', async () => {
  const errors = [forbidden('You may not'), new TypeError('a mistake of ours')];
  await using bench = await workbench(async () => {
    throw errors.shift()!;
  });
  const ids = [
    await bench.orders.begin(order, keptNothing),
    await bench.orders.begin(order, keptNothing),
  ];
  const told = async () => [(await bench.told(ids[0]!))[1], (await bench.told(ids[1]!))[1]];
  await expect.poll(told).toEqual([{ error: 'You may not' }, { error: 'The server failed' }]);
  expect(bench.errors).toEqual([expect.any(TypeError)]);
});

test('orders go one behind the other', async () => {
  const doing = { now: 0, most: 0 };
  await using bench = await workbench(async () => {
    doing.now += 1;
    doing.most = Math.max(doing.most, doing.now);
    await new Promise(setImmediate);
    doing.now -= 1;
    return {};
  });
  const ids = await Promise.all([1, 2, 3].map(() => bench.orders.begin(order, keptNothing)));
  await expect.poll(() => bench.told(ids.at(-1)!)).toEqual(['complete', {}, DONE]);
  expect(doing.most).toBe(1);
});

test('where the database is away for a moment the order is begun anew; where this is no longer the writer, by the next one', async () => {
  const errors = [new DatabaseUnavailable('away'), new NotWriter('over')];
  await using bench = await workbench(async () => {
    const error = errors.shift();
    if (error) throw error;
    return { done: true };
  });
  const id = await bench.orders.begin(order, keptNothing);
  await expect.poll(() => bench.errors).toEqual([expect.any(NotWriter)]);
  expect(await bench.told(id)).toEqual(['active', {}, null]);
  const next = bench.next();
  await next.resume();
  await expect.poll(() => bench.told(id)).toEqual(['complete', { done: true }, DONE]);
});

test('what other writers have left is gone on with, though the database is away when it is asked for', async () => {
  let isAway = true;
  await using bench = await workbench(async () => ({}), {
    around: (database) => ({
      query(...question) {
        if (question[0] !== 'active_orders' || !isAway) return database.query(...question);
        isAway = false;
        return Promise.reject(new DatabaseUnavailable('away'));
      },
    }),
  });
  await bench.left('one', 'redact-user');
  await bench.orders.resume();
  await expect.poll(() => bench.told('one')).toEqual(['complete', {}, DONE]);
});

test('what was cut off by the end of the writer is not told as done', async () => {
  const begun = Promise.withResolvers<void>();
  await using bench = await workbench(async (_order, signal) => {
    const cut = new Promise((resolve) => signal.addEventListener('abort', resolve));
    begun.resolve();
    await cut;
    return { half: true };
  });
  const id = await bench.orders.begin(order, keptNothing);
  await begun.promise;
  bench.orders.close();
  await bench.settled();
  expect(await bench.told(id)).toEqual(['active', {}, null]);
});

test('an order of a kind that this release does not know is left alone', async () => {
  await using bench = await workbench(async () => ({}));
  await bench.left('one', 'redact-user');
  await bench.left('other', 'delete-room');
  await bench.orders.resume();
  await expect.poll(() => bench.told('one')).toEqual(['complete', {}, DONE]);
  expect(await bench.told('other')).toEqual(['active', {}, null]);
});

const NOW = 1_800_000_000_000;
const DONE = NOW + 7 * 24 * 3_600_000;

async function workbench(work: Work, { around = (database: Database): Database => database } = {}) {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const errors: unknown[] = [];
  const { database } = fresh;
  const stored = {
    ...{ database: around(database), lookUps: database, log: writer },
    ...{ locks: new KeyedMutex(), now: () => NOW },
  };
  const next = () =>
    new LongOrders({
      ...{ stored, works: { 'redact-user': work } },
      onError: (error) => errors.push(error),
      pause: async () => {},
    });
  const orders = next();
  return {
    ...{ orders, next, errors },
    async told(id: string) {
      const { status, told, expiresMs } = (await orders.get(id))!;
      return [status, told, expiresMs] as const;
    },
    /** What was to be written by now is. */
    async settled() {
      await new Promise(setImmediate);
      const change = rowsAlone([]);
      await writer.commit(() => ({ change, value: undefined }));
    },
    /** By a writer of before. */
    left: (id: string, kind: string) =>
      database.query(
        'left',
        `INSERT INTO long_order (order_id, kind, target, by, asked, told, status)
         VALUES ($1, $2, '@bob:x', '@root:x', '{}', '{}', 'active')`,
        [id, kind],
      ),
    async [Symbol.asyncDispose]() {
      orders.close();
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
