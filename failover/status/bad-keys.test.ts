import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { selfAt } from '../../test/support/self.ts';
import { table } from '../cli/table.ts';
import { routing } from '../core/address/routing.ts';
import { keyNames, viewed } from '../core/etcd/names.ts';
import { type Found, readView } from '../core/etcd/reading.ts';
import type { Input } from '../core/inputs.ts';
import { step } from '../core/machine.ts';
import { type State, start } from '../core/state.ts';
import { TIMINGS } from '../core/timings.ts';
import { explain } from '../core/told/explain.ts';
import { wellAtSite } from '../core/told/story-etcd.ts';
import { statusOf } from './status.ts';

// Whatever stands in etcd, by whosever hand: an agent goes on, and its status says something.

const NAMES = keyNames('c', 's');
const KEYS = viewed(NAMES).flatMap((name) =>
  name === NAMES.leases ? ['leader', 'address'].map((lease) => name + lease) : withSites(name),
);

const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom('', '{', 'a:b', '{}', '[]', 'null'));

/** A site's report of which one field is what nobody would write. */
const oddReport = fc
  .record({ field: fc.constantFrom(...Object.keys(wellAtSite('b'))), value: fc.jsonValue() })
  .map(({ field, value }) => JSON.stringify({ ...wellAtSite('b'), [field]: value }));

const odd = fc.record({ key: fc.constantFrom(...KEYS), text: fc.oneof(text, oddReport) });

test('no value of any key in etcd ends an agent, or its status', () => {
  fc.assert(
    fc.property(fc.array(odd, { minLength: 1, maxLength: 3 }), (values) => {
      expect(() => lifeWith(new Map(values.map(({ key, text }) => [key, text])))).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
});

function withSites(name: string): string[] {
  return name.endsWith('/') ? ['a', 'b'].map((site) => name + site) : [name];
}

/** As site a's agent, beside the primary, with those values in place of the good ones. */
function lifeWith(odd: ReadonlyMap<string, string>): void {
  let state: State = start(selfAt('a'), 0);
  const good = new Map([
    [`${NAMES.leases}leader`, '{"site":"a"}'],
    [`${NAMES.leases}address`, '{"site":null}'],
    ...['a', 'b'].map((site): [string, string] => [
      NAMES.sites + site,
      JSON.stringify(wellAtSite(site)),
    ]),
    [NAMES.patroniLeader, 'a'],
    [NAMES.patroniSync, '{"leader":"a","sync_standby":"b"}'],
  ]);
  const view = (revision: number) =>
    readView({ clusterId: '1', revision }, found([...good, ...odd]), NAMES);
  const inputs: Input[] = [
    { kind: 'read', view: view(9) },
    { kind: 'server', askedAt: 1, server: wellAtSite('a').server! },
    { kind: 'front', healthy: true, connections: 0 },
    { kind: 'postgres', postgres: { role: 'primary', state: 'running', timeline: 1, lsn: '1' } },
    { kind: 'patroni-lease', lease: '7', sentAt: 1, ttlMs: 20_000 },
    { kind: 'read', view: view(10) },
    { kind: 'switchover-wanted', id: '1', to: null },
    { kind: 'tick' },
  ];
  for (const [index, input] of inputs.entries()) {
    const now = 1_000 * index;
    state = step(state, input, now).state;
    routing(state, now, TIMINGS);
    const asked = {
      etcd: [],
      patroniKeyLeftMs: null,
      setAside: null,
      halfMade: null,
      addresses: [],
    };
    table(statusOf(state, explain(state, now, TIMINGS), asked, now), now);
  }
}

function found(all: readonly (readonly [string, string])[]): Found[] {
  return [...new Map(all)].map(([key, text]) => ({
    key,
    text,
    json: parsed(text),
    revision: 7,
    lease: '7',
  }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
