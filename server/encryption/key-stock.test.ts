import { expect, test } from 'vitest';
import type { PlacedRecord } from '../log/change.ts';
import type { LogReader } from '../log/log.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Database } from '../storage/database.ts';
import type { OneTimeKey } from '../storage/encryption/one-time-keys.ts';
import { KeyStock } from './key-stock.ts';

const ALICE = '@alice:example.org' as UserId;
const device = { userId: ALICE, deviceId: 'PHONE', algorithm: 'signed_curve25519' };

/** A device whose keys are as many as are put in `ids`; `reads` counts how often they were asked for. */
function stockOf(ids: string[]) {
  const listeners: ((records: readonly PlacedRecord[]) => void)[] = [];
  const world = { reads: 0, whileReading: () => {} };
  const database: Database = {
    async query<R extends object>() {
      world.reads += 1;
      const keys = ids.map((keyId): OneTimeKey => ({ ...device, keyId, json: '{}' }));
      world.whileReading();
      return keys as object as R[];
    },
  };
  const log: LogReader = {
    epoch: 1,
    committed: { epoch: 1, position: 0 },
    onCommitted: (listener) => void listeners.push(listener),
    mayAnswer: () => true,
  };
  const stock = new KeyStock({ database, log });
  const changed = (kind: 'device-list' | 'device-keys') => {
    const record = { kind, userId: ALICE, deviceId: 'PHONE' } as const;
    for (const listener of listeners) listener([{ position: 1, record }]);
  };
  const take = async () => (await stock.take([device]))[0]?.keyId;
  return { world, changed, take };
}

test('one read is for many claims, each of which gets the next key', async () => {
  const { world, changed, take } = stockOf(['A', 'B', 'C']);
  const taken = [];
  for (let n = 0; n < 3; n += 1) {
    taken.push(await take());
    changed('device-keys');
  }
  expect([taken, world.reads]).toEqual([['A', 'B', 'C'], 1]);
});

test('when it is empty the database is asked again', async () => {
  const ids = ['A', 'B'];
  const { world, take } = stockOf(ids);
  expect([await take(), await take()]).toEqual(['A', 'B']);
  ids.splice(0, 2, 'C');
  expect([await take(), world.reads]).toEqual(['C', 2]);
});

test('nothing is kept of a device that ends, nor of one that ends while its keys are read', async () => {
  const ids = ['A', 'B'];
  const { world, changed, take } = stockOf(ids);
  await take();
  changed('device-list');
  ids.splice(0, 2, 'C', 'D');
  world.whileReading = () => changed('device-list');
  expect(await take()).toBe('C');
  ids.splice(0, 2, 'E');
  expect(await take()).toBe('E');
});
