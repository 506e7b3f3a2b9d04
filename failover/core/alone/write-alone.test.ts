import { expect, test } from 'vitest';
import { leaseKey, writeAlone } from '../etcd/transactions.ts';
import { NAMES, Store } from '../simulation/store.ts';

const CONFIG = { ttl: 20, synchronous_mode: 'quorum', synchronous_mode_strict: true };

/** Where c leads. */
function led() {
  const store = new Store();
  store.put(leaseKey(NAMES, 'leader'), { site: 'c' });
  store.put(NAMES.patroniLeader, 'c', '1');
  store.put(NAMES.patroniConfig, CONFIG);
  const revisionOf = (key: string): number => store.get(key)?.revision ?? 0;
  const seen = () => ({
    term: revisionOf(leaseKey(NAMES, 'leader')),
    key: revisionOf(NAMES.patroniLeader),
    config: revisionOf(NAMES.patroniConfig),
    revision: revisionOf(NAMES.alone),
  });
  const write = (leaver: string | null, as = seen()): boolean => {
    const known = store.get(NAMES.patroniConfig)!.json as Record<string, unknown>;
    const effect = { kind: 'go-alone', leaver, members: ['a', 'b', 'c'], ...as } as const;
    return store.transact(writeAlone(NAMES, 'c', effect, known));
  };
  return { store, seen, write };
}

test('who may be alone is written down together with Patroni’s being loose, and taken back together; the rest of its configuration stays', () => {
  const { store, write } = led();
  expect(write('b')).toBe(true);
  expect(store.view().alone).toMatchObject({ site: 'c', leaver: 'b', members: ['a', 'b', 'c'] });
  expect(store.view().patroni.isLax).toBe(true);
  expect(store.get(NAMES.patroniConfig)?.json).toEqual({
    ...CONFIG,
    synchronous_mode_strict: false,
  });
  expect(write(null)).toBe(true);
  expect(store.view().alone).toBeUndefined();
  expect(store.get(NAMES.patroniConfig)?.json).toEqual(CONFIG);
});

test.each<[string, (store: Store) => void]>([
  ['it leads no more', (store) => store.put(leaseKey(NAMES, 'leader'), { site: 'b' })],
  ['Patroni’s key is another’s', (store) => store.put(NAMES.patroniLeader, 'b', '2')],
  ['Patroni’s configuration is another', (store) => store.put(NAMES.patroniConfig, {})],
  ['somebody has written of it', (store) => store.put(NAMES.alone, {})],
])('nothing is written where %s', (_, change) => {
  const { store, seen, write } = led();
  const before = seen();
  change(store);
  const revision = store.revision;
  expect(write('b', before)).toBe(false);
  expect(store.revision).toBe(revision);
});

test('what nobody can read lets nobody go on alone, and is named', () => {
  const { store } = led();
  for (const value of [{ site: 7 }, { site: 'c', leaver: 'b', members: 'abc' }, 'x']) {
    store.put(NAMES.alone, value);
    expect(store.view().alone).toBeUndefined();
    expect(store.view().unreadable).toContain(NAMES.alone);
  }
});
