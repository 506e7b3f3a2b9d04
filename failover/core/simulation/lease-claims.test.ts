import { expect, test } from 'vitest';
import { leaseKey } from '../etcd/transactions.ts';
import type { Lease } from '../inputs.ts';
import { LeaseClaims } from './lease-claims.ts';
import { NAMES, Store } from './store.ts';
import type { World } from './world.ts';

test.each([
  ['claims the leader lease', 'leader', 3_000, {}, true],
  ['claims the leader lease in time', 'leader', 8_000, {}, false],
  ['is given the leader lease while its server may answer', 'leader', 1_900, { given: true }, true],
  ['is given the leader lease upon promises', 'leader', 3_000, { given: true }, false],
  ['claims the address', 'address', 1_900, {}, true],
] as const)(
  'who %s, so long after the last pulse, is noticed where it is too early',
  (_, lease, afterMs, { given = false }: { given?: boolean }, isNoticed) => {
    expect(takenAfter(lease, afterMs, given).length > 0).toBe(isNoticed);
  },
);

/** What is said where `b` takes a lease of `a`, whose last pulse was then. */
function takenAfter(lease: Lease, afterMs: number, given: boolean): string[] {
  const said: string[] = [];
  const time = { now: 10_000 };
  const claims = new LeaseClaims({ time } as World, (why) => said.push(why));
  const store = new Store();
  const change = (key: string, site: string, ...others: string[]) => {
    store.put(key, { site });
    claims.look(store, [key, ...others]);
  };
  change(leaseKey(NAMES, lease), 'a');
  time.now += 5_000;
  change(`${NAMES.sites}a`, 'a');
  time.now += afterMs;
  change(leaseKey(NAMES, lease), 'b', ...(given ? [NAMES.given] : []));
  return said;
}
