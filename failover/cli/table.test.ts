import { expect, test } from 'vitest';
import { siteStatus, statusWith } from '../../test/support/site-status.ts';
import type { SiteStatus, Status } from '../status/status.ts';
import { table } from './table.ts';

const now = Date.parse('2026-11-21T12:00:00Z');

test('a line a site says what it does, how far behind it is, and how long its certificates last', () => {
  const lines = table(
    statusWith([site('a', { server: writer }), site('b', { lagBytes: 120 })]),
    now,
  );
  const [heads, a, b] = lines.split('\n');
  expect(heads).toMatch(/^SITE +AGENT +SERVER +EPOCH .* CERTIFICATES +ETCD$/);
  expect(a).toMatch(/^a +here +writer +7 +42 +primary, running +healthy +HERE +mains +40 days$/);
  expect(b).toMatch(/^b +here +no answer .*streaming \(sync\) +120 B +healthy +mains +40 days$/);
});

test('what only etcd knows is "?" while it does not answer, whatever it said last', () => {
  const sites = [site('a', { server: writer }), site('b', { lagBytes: 120 })];
  for (const etcdSilentMs of [null, 3_100]) {
    const [, a, b] = table({ ...statusWith(sites), etcdSilentMs }, now).split('\n');
    expect(a).toMatch(/primary, running +healthy +\? +mains/);
    expect(b).toMatch(/standby, streaming +120 B +healthy +\? +mains/);
  }
});

test('so is how far somebody lags who was the primary then, and is none by his own word', () => {
  const postgres = { role: 'standby', state: 'streaming', timeline: 2, lsn: '1' } as const;
  const status = { ...statusWith([site('a', { postgres, lagBytes: null })]), etcdSilentMs: 9_000 };
  expect(table(status, now).split('\n')[1]).toMatch(/standby, streaming +\? +healthy/);
});

test('of a silent site nothing is said but for how long', () => {
  expect(table(statusWith([site('a', { silentMs: 9_000 })]), now)).toMatch(/^a +silent 9 s +\?/m);
});

test.each([
  ['2026-12-03T00:00:00Z', '11 days', 'Renew: a certificate of a ends on 2026-12-03.'],
  ['2026-11-20T00:00:00Z', 'ENDED', 'Renew: a certificate of a ended on 2026-11-20.'],
])('a certificate that is valid until %s is spoken of', (certificatesEnd, shown, sentence) => {
  const said = table(statusWith([site('a', { certificatesEnd })]), now);
  expect(said.split('\n')[1]).toContain(shown);
  expect(said).toContain(sentence);
});

test('a copy of the database that was set aside here is named until it is removed', () => {
  const setAside = { path: '/data/farol.failed', since: '2026-11-20T10:00:00.000Z' };
  const said = table({ ...statusWith([site('a', {})]), setAside }, now);
  expect(said).toContain('Here /data/farol.failed is a copy of the database');
  expect(said).toContain('from 2026-11-20');
});

test('a database that a site began to make is told, with what to do if nobody does', () => {
  const halfMade = '/service/farol/initialize';
  const said = table({ ...statusWith([site('a', {})]), halfMade }, now);
  expect(said).toContain('`etcdctl del /service/farol/initialize` lets one begin anew');
  expect(table(statusWith([site('a', {})]), now)).not.toContain('initialize');
  // An agent of before, beside these sources.
  const { halfMade: _, ...earlier } = statusWith([site('a', {})]);
  expect(table(earlier as Status, now)).not.toContain('initialize');
});

test('clocks that differ are told of, with both sites', () => {
  const clockBehind = { site: 'b', byMs: 431 };
  const said = table(statusWith([site('a', { clockBehind }), site('b', {})]), now);
  expect(said).toContain('CLOCKS: that of a is 0.4 s behind that of b.');
  expect(table(statusWith([site('a', {})]), now)).not.toContain('CLOCKS');
});

test('where there are several addresses they are named', () => {
  const addresses = ['192.0.2.10/24', 'fd00::10/64'];
  const said = table({ ...statusWith([site('a', {})]), addresses }, now);
  expect(said).toContain('It is 192.0.2.10/24 and fd00::10/64, which move together.');
});

test('a planned move that is under way is told, with its reason', () => {
  const moving = { to: 'b', why: 'its disk does not answer' };
  const said = table({ ...statusWith([site('a', {})]), moving }, now);
  expect(said).toContain('A move to b is under way: its disk does not answer.');
  expect(table(statusWith([site('a', {})]), now)).not.toContain('A move');
  const { moving: _, ...earlier } = statusWith([site('a', {})]);
  expect(table(earlier as Status, now)).not.toContain('A move');
});

test('a key in etcd that nobody can read is named, with what shows it', () => {
  const unreadable = ['/service/farol/sync'];
  const said = table({ ...statusWith([site('a', {})]), unreadable }, now);
  expect(said).toContain("Nobody can read what is in etcd's key /service/farol/sync");
  expect(table(statusWith([site('a', {})]), now)).not.toContain('Nobody can read');
});

test.each([
  [{ kind: 'direct' }, 'healthy'],
  [{ kind: 'through', site: 'c' }, 'healthy, through c'],
  [{ kind: 'none', forMs: 46_000 }, 'healthy, NO WAY TO THE WRITER for 46 s'],
  [null, 'healthy'],
] as const)('a front whose way to the writer is %j is shown as %s', (frontWay, shown) => {
  const [, line] = table(statusWith([site('a', { frontWay })]), now).split('\n');
  expect(line).toMatch(new RegExp(` {2}${shown} {2}`));
});

const writer = { role: 'writer', epoch: 7, position: 42, healthy: true, why: null } as const;

const site = (name: string, special: Partial<SiteStatus>) =>
  siteStatus(name, { certificatesEnd: '2026-12-31T12:00:00Z', ...special });
