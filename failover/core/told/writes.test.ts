import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { PostgresReport, Report, Site, View } from '../view.ts';
import { explain } from './explain.ts';
import { writesOf } from './writes.ts';

const NOW = 100_000;

test('writes flow while a site that is named is there to confirm them', () => {
  expect(writesOf(seen({}), NOW, TIMINGS)).toMatchObject({ kind: 'flow', sinceMs: null });
  expect(warning(seen({}))).toBeNull();
});

test('commits that do not come back wait, by the word of the writer, whatever standbys seem to do', () => {
  const state = seen({ waitingMs: 4_200 });
  expect(writesOf(state, NOW, TIMINGS)).toMatchObject({ kind: 'wait', sinceMs: 4_200 });
  expect(warning(state)).toBe(
    'WRITES WAIT for 4 s: commits at a do not come back, though standbys follow. Nothing is acknowledged.',
  );
  expect(writesOf(seen({ waitingMs: 900 }), NOW, TIMINGS).kind).toBe('flow');
});

test('one of two that are named is enough', () => {
  expect(writesOf(seen({ silent: { b: 9_000 } }), NOW, TIMINGS).kind).toBe('flow');
});

test('when all that are named are silent writes wait, since the last of them fell silent', () => {
  const state = seen({ silent: { b: 34_000, c: 20_000 } });
  expect(writesOf(state, NOW, TIMINGS)).toMatchObject({ kind: 'wait', sinceMs: 20_000 });
  expect(warning(state)).toBe(
    'WRITES WAIT for a standby for 20 s: b is silent, c is silent. Nothing is acknowledged until one is back.',
  );
});

test.each(['starting', 'running'])(
  'a standby that says itself that it is %s and follows nobody confirms nothing',
  (said) => {
    const state = seen({ silent: { b: 9_000 }, postgres: { c: said } });
    expect(writesOf(state, NOW, TIMINGS)).toMatchObject({ kind: 'wait', sinceMs: null });
    expect(warning(state)).toContain('b is silent, c follows nobody');
  },
);

test('where Patroni is strict and names nobody, writes wait; where it is not, they are unprotected', () => {
  const strict = seen({ named: [] });
  expect(writesOf(strict, NOW, TIMINGS)).toMatchObject({ kind: 'wait', sinceMs: 12_000 });
  expect(warning(strict)).toContain('WRITES WAIT for a standby for 12 s: no site is named');
  const closed = seen({ named: [], role: 'taking-over' });
  expect(writesOf(closed, NOW, TIMINGS).kind).toBe('wait');
  const twoSites = seen({ named: [], strict: false });
  expect(writesOf(twoSites, NOW, TIMINGS)).toMatchObject({ kind: 'unprotected', sinceMs: 12_000 });
  expect(warning(twoSites)).toBe('UNPROTECTED for 12 s: no synchronous standby has what a writes.');
});

test('without a leader, with a silent one, or with a server that is not open there are no writes', () => {
  for (const state of [
    seen({ leader: null }),
    seen({ silent: { a: 9_000 } }),
    seen({ role: 'taking-over' }),
    seen({ healthy: false }),
  ])
    expect(writesOf(state, NOW, TIMINGS).kind).toBe('none');
});

test('while etcd does not answer nothing is said to be so', () => {
  const state = { ...seen({}), readAt: NOW - 34_000 };
  expect(writesOf(state, NOW, TIMINGS).kind).toBe('unknown');
  const { leader, address, others } = explain(state, NOW, TIMINGS);
  expect(leader).toBe('Not known: etcd has not answered for 34 s; before that a led.');
  expect(address).toBe('Not known who has the address; before it was at a.');
  expect(others).toBe('Not known who else may lead.');
});

interface Seen {
  readonly leader?: Site | null;
  readonly named?: readonly Site[];
  readonly strict?: boolean;
  readonly silent?: Readonly<Record<Site, number>>;
  readonly postgres?: Readonly<Record<Site, string>>;
  readonly role?: 'writer' | 'taking-over';
  readonly healthy?: boolean;
  readonly waitingMs?: number;
}

/** As the agent of `d`, a witness, sees it. */
function seen(options: Seen): State {
  const { leader = 'a', named = ['b', 'c'], strict = true, silent = {}, role = 'writer' } = options;
  const sites = ['a', 'b', 'c'].map((site) => [site, { revision: 1, report: report(site) }]);
  const view = {
    clusterId: '1',
    revision: 1,
    leader: { site: leader, revision: 1 },
    address: { site: 'a', revision: 1 },
    machines: {},
    sites: Object.fromEntries(sites) as View['sites'],
    patroni: {
      leader: { site: 'a', lease: '1' },
      sync: { leader: 'a', standbys: named, revision: 1 },
      failover: null,
    },
  } as View;
  const pulse = (site: Site) => ({ revision: 1, seenAt: NOW - (silent[site] ?? 100) });
  return {
    ...start(selfAt('d', { witness: true, serverUrl: null, strict }), 0),
    view,
    readAt: NOW,
    pulses: { a: pulse('a'), b: pulse('b'), c: pulse('c') },
    unprotectedSince: named.length === 0 ? NOW - 12_000 : null,
  };

  function report(site: Site): Report {
    const state = options.postgres?.[site] ?? 'streaming';
    const postgres = { role: 'standby', state, timeline: 1, lsn: '1' } satisfies PostgresReport;
    const { healthy = true, waitingMs = 0 } = options;
    const server = { role, epoch: 1, position: 1, healthy, why: null, waitingMs };
    return { postgres, server } as Report;
  }
}

const warning = (state: State) => explain(state, NOW, TIMINGS).warning;
