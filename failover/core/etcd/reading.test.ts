import { expect, test } from 'vitest';
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
  const bad = [lease, site, names.patroniSync, names.patroniHistory, names.patroniConfig];
  for (const text of ['', '{', '7', '[]', '"x"']) {
    const view = read(Object.fromEntries(bad.map((key) => [key, text])));
    expect(view.leader, text).toEqual({ site: null, revision: 7 });
    expect(view.sites, text).toEqual({});
    expect([view.patroni.sync, view.patroni.paused], text).toEqual([null, false]);
    expect(view.unreadable, text).toEqual(
      expect.arrayContaining(bad.filter((key) => key !== names.patroniHistory)),
    );
  }
});

test("Patroni's leader key without a name or a lease is nobody's", () => {
  expect(patroni({ [names.patroniLeader]: '' }).leader).toBeNull();
  const found = [{ ...foundAt(names.patroniLeader, 'a'), lease: null }];
  expect(readView({ clusterId: '1', revision: 9 }, found, names).patroni.leader).toBeNull();
});

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
