import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { reasonNotToLead } from '../lead/leadership.ts';
import { step } from '../machine.ts';
import { reportNow } from '../pulse/report.ts';
import { silence } from '../sites.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { PostgresReport, ServerReport, View } from '../view.ts';
import { wellAtSite } from './story-etcd.ts';
import { writesOf } from './writes.ts';

const NOW = 100_000;

test('while etcd does not answer nobody grows more silent than he was', () => {
  const state = { ...leading(), readAt: NOW - 20_000, pulses: pulseOf('b', NOW - 21_000) };
  expect(silence(state, 'b', NOW, TIMINGS)).toBe(1_000);
  const heard = { ...state, readAt: NOW };
  expect(silence(heard, 'b', NOW, TIMINGS)).toBe(21_000);
});

test('a site whose PostgreSQL or server is not well asks for no lead, and says why', () => {
  expect(reasonNotToLead(leading(), NOW, TIMINGS)).toBeNull();
  const starting = leading({ postgres: { state: 'starting' } });
  expect(reasonNotToLead(starting, NOW, TIMINGS)).toBe('its PostgreSQL is starting');
  const sick = leading({ server: { healthy: false, why: 'its disk fails' } });
  expect(reasonNotToLead(sick, NOW, TIMINGS)).toBe('its server is sick (its disk fails)');
});

test('a server that says follower while an order to write is under way has not let go', () => {
  const follower = { kind: 'server', askedAt: NOW, server: server({ role: 'follower' }) } as const;
  const told = { role: 'writer', leaderRevision: 5, deadline: NOW + 5_000, at: NOW - 10 } as const;
  const stepping = {
    ...leading(),
    steppingDown: { since: NOW - 5, why: 'x' },
    promisedUntil: NOW + 5_000,
  };
  const underWay = step({ ...stepping, told: { ...told, answered: false } }, follower, NOW);
  expect(underWay.effects.filter(({ kind }) => kind === 'release')).toEqual([]);
  const answered = step({ ...stepping, told: { ...told, answered: true } }, follower, NOW);
  expect(answered.effects.filter(({ kind }) => kind === 'release')).toHaveLength(1);
});

test('an answer about an earlier term does not prolong this one', () => {
  const state = { ...leading(), leader: { revision: 5, until: NOW } };
  const view = state.view!;
  const pulsed = { kind: 'pulsed', sentAt: NOW, renewed: true, view } as const;
  expect(step(state, { ...pulsed, holds: { leader: 4 } }, NOW).state.leader?.until).toBe(NOW);
  expect(step(state, { ...pulsed, holds: { leader: 5 } }, NOW).state.leader?.until).toBe(
    NOW + 7_000,
  );
});

test('what a server was asked before the latest order left says nothing of that order', () => {
  const told = { role: 'follower', leaderRevision: null, deadline: NOW, answered: true } as const;
  const state = { ...leading(), told: { ...told, at: NOW } };
  const before = { kind: 'server', askedAt: NOW - 1, server: server({ epoch: 9 }) } as const;
  expect(step(state, before, NOW).state.server.report?.epoch).toBe(5);
  expect(step(state, { ...before, askedAt: NOW }, NOW).state.server.report?.epoch).toBe(9);
});

test('seconds that etcd rounds are no proof that a lease is renewed', () => {
  const left = (sentAt: number, ttlMs: number) =>
    ({ kind: 'patroni-lease', lease: '8', sentAt, ttlMs }) as const;
  const first = step(leading(), left(NOW, 18_000), NOW).state;
  const rounded = step(first, left(NOW + 990, 18_000), NOW + 990).state;
  expect(rounded.patroniLease?.prolonged.at).toBeNull();
  const renewed = step(rounded, left(NOW + 2_000, 19_000), NOW + 2_000).state;
  expect(renewed.patroniLease?.prolonged.at).toBe(NOW + 2_000);
});

test('a writer whose last deadline is over acknowledges nothing, and nobody says that it does', () => {
  const told = { role: 'writer', leaderRevision: 5, at: NOW, answered: true } as const;
  const until = (deadline: number): State => ({ ...leading(), told: { ...told, deadline } });
  expect(reportNow(until(NOW + 1), NOW, TIMINGS).server?.role).toBe('writer');
  expect(writesOf(until(NOW + 1), NOW, TIMINGS).kind).toBe('flow');
  const over = { role: 'taking-over', why: 'its deadline is over' };
  expect(reportNow(until(NOW), NOW, TIMINGS).server).toMatchObject(over);
  expect(writesOf(until(NOW), NOW, TIMINGS).kind).toBe('none');
  // Another process of this agent may have told it, for as long as that could have promised.
  const restarted = (promisedUntil: number): State => ({ ...leading(), told: null, promisedUntil });
  expect(reportNow(restarted(NOW + 1), NOW, TIMINGS).server?.role).toBe('writer');
  expect(reportNow(restarted(NOW), NOW, TIMINGS).server).toMatchObject(over);
});

const pulseOf = (site: string, seenAt: number) => ({ [site]: { revision: 1, seenAt } });

const server = (change: Partial<ServerReport>): ServerReport => ({
  role: 'writer',
  epoch: 5,
  position: 0,
  healthy: true,
  why: null,
  ...change,
});

/** Site a, which holds Patroni's key and the leader's, and sees b and c well. */
function leading(
  change: { postgres?: Partial<PostgresReport>; server?: Partial<ServerReport> } = {},
): State {
  const self = selfAt('a', { mayHoldAddress: false });
  const site = (name: string) => ({ revision: 1, report: wellAtSite(name) });
  const view: View = {
    clusterId: '1',
    revision: 9,
    leader: { site: 'a', revision: 5 },
    address: { site: null, revision: 0 },
    timelines: {
      given: 1,
      promotions: [],
      acknowledging: { timeline: 1, parent: null, before: 1, key: 5 },
      revision: 6,
    },
    machines: { a: { machine: 'm', boot: '1', losses: 0, revision: 1 } },
    sites: { a: site('a'), b: site('b'), c: site('c') },
    patroni: {
      leader: { site: 'a', lease: '7', revision: 5 },
      sync: { leader: 'a', standbys: ['b', 'c'], revision: 2 },
      failover: null,
      history: [],
      historyRevision: 0,
      failoverRevision: 0,
      timeline: 1,
      paused: false,
      configRevision: 1,
    },
    unreadable: [],
  };
  const report = { role: 'primary', state: 'running', timeline: 1, lsn: '1' } as const;
  const fresh = start(self, 0);
  return {
    ...fresh,
    view,
    readAt: NOW,
    leader: { revision: 5, until: NOW + 5_000 },
    pulses: { ...pulseOf('b', NOW), ...pulseOf('c', NOW) },
    postgres: { report: { ...report, ...change.postgres }, at: NOW },
    ledTimeline: 1,
    patroniLease: { lease: '7', until: NOW + 15_000, prolonged: { until: NOW, at: null } },
    server: {
      ...fresh.server,
      report: server(change.server ?? {}),
      at: NOW,
      sickSince: null,
      why: change.server?.why ?? null,
    },
  };
}
