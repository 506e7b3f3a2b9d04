import { expect, test } from 'vitest';
import type { Change, PlacedRecord } from '../log/change.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { Profiles } from './profiles.ts';

const ALICE = '@alice:example.org' as UserId;

test('what goes along with a change begins when that is on its way, and goes by what will be', async () => {
  const { profiles, committed } = alice();
  const seen: (JsonObject | undefined)[] = [];
  const begun = Promise.withResolvers<void>();
  const changing = profiles.set(ALICE, 'displayname', 'Alicia', async () => {
    seen.push(await profiles.of(ALICE), await profiles.soonOf(ALICE));
    begun.resolve();
  });
  await begun.promise;
  expect(seen).toEqual([{ displayname: 'Alice' }, { displayname: 'Alicia' }]);
  committed.resolve();
  await changing;
  expect(await profiles.of(ALICE)).toEqual({ displayname: 'Alicia' });
  expect(await profiles.soonOf(ALICE)).toEqual({ displayname: 'Alicia' });
});

test('with a change that is turned away nothing goes along', async () => {
  const { profiles } = alice({ turnsAway: true });
  let went = false;
  const changing = profiles.remove(ALICE, 'displayname', async () => {
    went = true;
  });
  await expect(changing).rejects.toThrow('full');
  expect([went, await profiles.soonOf(ALICE)]).toEqual([false, { displayname: 'Alice' }]);
});

test('a change is done when what goes along is, and fails with it', async () => {
  const { profiles, committed } = alice();
  committed.resolve();
  const changing = profiles.set(ALICE, 'displayname', 'Alicia', () =>
    Promise.reject(new Error('not spread')),
  );
  await expect(changing).rejects.toThrow('not spread');
  expect(await profiles.of(ALICE)).toEqual({ displayname: 'Alicia' });
});

/** Alice is called Alice, and a change of hers takes until `committed`. */
function alice({ turnsAway = false } = {}) {
  const committed = Promise.withResolvers<void>();
  const listeners: ((records: readonly PlacedRecord[]) => void)[] = [];
  const log: Stored['log'] = {
    ...{ epoch: 1, committed: { epoch: 1, position: 6 }, mayAnswer: () => true },
    async commit<T>(build: (position: () => number) => { change: Change; value: T }) {
      if (turnsAway) throw new Error('full');
      const { change, value } = build(() => 7);
      await committed.promise;
      for (const listener of listeners) listener(change.records);
      return value;
    },
    onCommitted: (listener) => void listeners.push(listener),
  };
  const database = {
    async query<R extends object>() {
      return [{ field: 'displayname', value: '"Alice"' }] as object[] as R[];
    },
  };
  const stored: Stored = {
    ...{ database, lookUps: database, log },
    ...{ locks: new KeyedMutex(), now: () => 0 },
  };
  return { profiles: new Profiles(stored), committed };
}
