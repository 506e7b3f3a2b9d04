import { expect, test } from 'vitest';
import { wellAtSite } from '../told/story-etcd.ts';
import { keyNames } from './names.ts';
import { type Found, readView } from './reading.ts';

const names = keyNames('c', 's');

test('what Patroni leaves behind in /failover names nobody', () => {
  for (const text of ['{}', '', '[]', 'null', '{"leader":null}', '{"leader":"","member":""}']) {
    expect(patroni({ [names.patroniFailover]: text }).failover, text).toBeNull();
  }
});

test('a switchover is read as Patroni reads it, also the older way', () => {
  const wish = { from: 'a', to: 'b', revision: 7 };
  expect(patroni({ [names.patroniFailover]: '{"leader":"a","member":"b"}' }).failover).toEqual(
    wish,
  );
  expect(patroni({ [names.patroniFailover]: 'a: b' }).failover).toEqual(wish);
  const later = '{"leader":"a","member":"b","scheduled_at":"2027-01-01T00:00:00Z"}';
  expect(patroni({ [names.patroniFailover]: later }).failover).toBeNull();
});

test('/history ends in the timeline after the last one that it tells of', () => {
  expect(patroni({}).timeline).toBe(1);
  expect(patroni({ [names.patroniHistory]: '[]' }).timeline).toBe(1);
  expect(patroni({ [names.patroniHistory]: '[[1,25,"x"],[2,30,"y"]]' }).timeline).toBe(3);
});

test('voters are named with commas between them, and nobody is by a /sync without a leader', () => {
  const sync = '{"leader":"a","sync_standby":"b, c","quorum":1}';
  expect(patroni({ [names.patroniSync]: sync }).sync?.standbys).toEqual(['b', 'c']);
  expect(patroni({ [names.patroniSync]: '{"sync_standby":"b"}' }).sync?.standbys).toEqual([]);
});

test('a paused Patroni is told', () => {
  expect(patroni({ [names.patroniConfig]: '{"pause":true}' }).paused).toBe(true);
  expect(patroni({ [names.patroniConfig]: '{"ttl":20}' }).paused).toBe(false);
});

test('values that nobody can read are as if they were not there, and their keys are named', () => {
  const lease = `${names.leases}leader`;
  const site = `${names.sites}b`;
  const machine = `${names.machines}b`;
  const bad = [lease, site, machine, names.patroniSync, names.patroniHistory, names.patroniConfig];
  for (const text of ['', '{', '7', '[]', '"x"']) {
    const view = read(Object.fromEntries(bad.map((key) => [key, text])));
    expect(view.leader, text).toEqual({ site: null, revision: 7, unreadable: true });
    expect(view.sites, text).toEqual({});
    expect([view.patroni.sync, view.patroni.paused], text).toEqual([null, false]);
    expect(view.unreadable, text).toEqual(
      expect.arrayContaining(bad.filter((key) => key !== names.patroniHistory)),
    );
  }
});

test('a lease is given back by its holder, and by nobody who writes something else into it', () => {
  const leaderIn = (text: string) => read({ [`${names.leases}leader`]: text }).leader;
  expect(leaderIn('{"site":null}')).toEqual({ site: null, revision: 7 });
  for (const text of ['{}', '{"site":""}', '{"site":7}', ''])
    expect(leaderIn(text), text).toMatchObject({ unreadable: true });
});

test('an odd field of a report is not known, and its key is named; what earlier agents lack is no fault', () => {
  const key = `${names.sites}b`;
  const reportIn = (report: object) => {
    const { sites, unreadable } = read({ [key]: JSON.stringify(report) });
    return { report: sites.b!.report, named: unreadable.includes(key) };
  };
  const {
    frontWay: _,
    unstable: __,
    refused: ___,
    disk: ____,
    links: _____,
    ...earlier
  } = wellAtSite('b');
  expect(reportIn(earlier)).toEqual({ report: { ...wellAtSite('b'), ...NOT_TOLD }, named: false });
  const odd = { ...wellAtSite('b'), server: { role: 'king' }, power: 7 };
  expect(reportIn(odd)).toMatchObject({ report: { server: null, power: 'unknown' }, named: true });
  const refused = { ...wellAtSite('b'), refused: { kind: 'king' } };
  expect(reportIn(refused)).toMatchObject({ report: { refused: null }, named: true });
  const silent = { silentMs: 6_000, free: null, scarce: 'inodes', trouble: null };
  const told = { ...wellAtSite('b'), disk: silent };
  expect(reportIn(told)).toMatchObject({ report: { disk: silent }, named: false });
  const oddDisk = { ...told, disk: { ...silent, free: 'much' } };
  expect(reportIn(oddDisk)).toMatchObject({ report: { disk: null }, named: true });
  const damage = { kind: 'waits', why: 'its log is damaged', agoMs: 7 };
  const etcd = { ...told, etcdMember: { damage, used: 0.5 }, copyDamage: 'page 7' };
  expect(reportIn(etcd)).toEqual({ report: { ...NOT_TOLD, ...etcd }, named: false });
  const oddEtcd = { ...etcd, etcdMember: { damage: { ...damage, kind: 'king' }, used: 0.5 } };
  expect(reportIn(oddEtcd)).toMatchObject({ report: { etcdMember: null }, named: true });
  const links = { a: { lost: 0.1, rttMs: null } };
  expect(reportIn({ ...told, links })).toMatchObject({ report: { links }, named: false });
  for (const oddLinks of [7, null, { a: 7 }, { a: { lost: '10 %', rttMs: null } }])
    expect(reportIn({ ...told, links: oddLinks })).toMatchObject({
      report: { links: {} },
      named: true,
    });
  const nothing = reportIn({});
  expect(nothing).toMatchObject({ report: { postgres: null, front: 'unknown' }, named: true });
  expect(nothing.report.notCandidate).not.toBeNull();
});

test('what an agent carries is believed within bounds: a bad key of one site must not pause all without end', () => {
  const carriedIn = (carried: unknown) => {
    const key = `${names.sites}b`;
    const { sites, unreadable } = read({ [key]: JSON.stringify({ ...wellAtSite('b'), carried }) });
    return [sites.b?.report.carried, unreadable.includes(key)];
  };
  const good = {
    pause: { number: 9, leftMs: 60_000 },
    moves: { count: 3, passedMs: 10, heldMs: 1_800_000 },
    reinitializedMs: 7,
  };
  expect(carriedIn(good)).toEqual([good, false]);
  expect(carriedIn(undefined)).toEqual([undefined, false]);
  for (const bad of [
    { ...good, pause: { number: 1e12, leftMs: 60_000 } },
    { ...good, pause: { number: 9, leftMs: 1e12 } },
    { ...good, pause: { number: '9', leftMs: 1 } },
    { ...good, moves: { count: 3, passedMs: 10, heldMs: 1e12 } },
    { ...good, moves: { count: -1, passedMs: 10, heldMs: 1 } },
    { ...good, reinitializedMs: 'long ago' },
    'nothing',
    null,
  ])
    expect(carriedIn(bad), JSON.stringify(bad)).toEqual([undefined, true]);
});

test("Patroni's leader key without a name or a lease is nobody's", () => {
  expect(patroni({ [names.patroniLeader]: '' }).leader).toBeNull();
  const found = [{ ...foundAt(names.patroniLeader, 'a'), lease: null }];
  expect(readView({ clusterId: '1', revision: 9 }, found, names).patroni.leader).toBeNull();
});

/** By agents of earlier versions. */
const NOT_TOLD = {
  ...{ unwell: null, wallMs: null, clockBehind: null, fenced: false, goesDown: false },
  ...{ copyDamage: null, etcdMember: null, staysBlocked: null },
};

const patroni = (texts: Record<string, string>) => read(texts).patroni;

function read(texts: Record<string, string>) {
  const found = Object.entries(texts).map(([key, text]) => foundAt(key, text));
  return readView({ clusterId: '1', revision: 9 }, found, names);
}

function foundAt(key: string, text: string): Found {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { key, text, json, revision: 7, lease: '12' };
}

test('what is known of timelines is nothing where there is none, and not known where nobody can read it', () => {
  const known = { given: 3, promotions: [], acknowledging: null };
  expect(read({}).timelines).toEqual({
    given: 0,
    promotions: [],
    acknowledging: null,
    revision: 0,
  });
  expect(read({ [names.timelines]: JSON.stringify(known) }).timelines).toEqual({
    ...known,
    revision: 7,
  });
  for (const text of ['', '{', '7', '[]', '{}', '{"given":3,"promotions":[]}']) {
    const view = read({ [names.timelines]: text });
    expect(view.timelines, text).toBeNull();
    expect(view.unreadable, text).toEqual([names.timelines]);
  }
});
