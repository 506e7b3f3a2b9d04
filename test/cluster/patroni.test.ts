import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { deleteKey, type EtcdKey, keyOf, putKey, putKeys } from './support/etcd.ts';
import {
  configure,
  pause,
  primaryOf,
  promotedOf,
  switchoverDatabase,
  untilReplicated,
} from './support/patroni.ts';
import {
  beginClone,
  freezeOncePromoted,
  handBackUnasked,
  overtake,
  timelineOf,
  untilBackupHas,
  untilCopyIsKept,
  untilNobodyIsNamed,
} from './support/promotion.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// What Patroni and PostgreSQL do by themselves, with nothing of Farol's running: what the agent and the
// model of Patroni in failover/core/simulation rely on. A new release that does otherwise is seen here.

const cluster = useCluster({ sites: 3, units: ['etcd', 'patroni'] });

test('a base backup confirms no commit, though with no standby left Patroni lets anybody confirm', async () => {
  const primary = await untilReplicated(cluster());
  const [clone, other] = othersThan(primary);
  await Promise.all([clone, other].map((site) => site.stop('patroni')));
  await untilNobodyIsNamed(primary);
  const backup = await beginClone(clone);
  const committed = commitAt(primary);
  const lsn = await until('the commit waits', () => waitingAt(primary));
  await untilBackupHas(primary, lsn);
  expect(await waitingAt(primary)).toBeDefined();
  await backup.goOn();
  await other.start('patroni');
  expect(await committed).toBe(0);
  await untilReplicated(cluster());
});

test('only sites may stream: another certificate of the cluster is not enough', async () => {
  const primary = await untilReplicated(cluster());
  const [site] = othersThan(primary);
  const receive = (certificate: 'site' | 'front') =>
    site.run(
      ['psql', '-XAtc', 'IDENTIFY_SYSTEM', conninfo(primary, certificate, 'replicator')],
      'postgres',
    );
  expect((await receive('site')).code).toBe(0);
  expect((await receive('front')).stderr).toContain('authentication failed');
});

test('whatever Patroni starts notices within seconds that the other site has lost its power', async () => {
  const primary = await untilReplicated(cluster());
  const [site] = othersThan(primary);
  const conninfoOfReceiver = await until('it receives', async () => {
    const [row] = await site.sql<{ conninfo: string }>(
      'SELECT conninfo FROM pg_stat_wal_receiver',
      'postgres',
    );
    return row?.conninfo;
  });
  expect(conninfoOfReceiver).toMatch(
    /connect_timeout=3 .*keepalives_idle=1 .*tcp_user_timeout=3000/,
  );
  // As pg_rewind and pg_basebackup connect, and then wait for an answer that never comes.
  const environment = `set -a; . <(tr '\\0' '\\n' < /proc/$(cat /run/units/patroni.pid)/environ | grep ^PG)`;
  const query = `psql -Xc 'SELECT pg_sleep(600)' '${conninfo(primary, 'site', 'rewind')} dbname=postgres'`;
  const waiting = site.run(['bash', '-c', `${environment}; ${query}`], 'postgres');
  await until('it is connected', async () => {
    const [found] = await primary.sql(
      `SELECT 1 FROM pg_stat_activity WHERE usename = 'rewind' AND wait_event = 'PgSleep'`,
      'postgres',
    );
    return found !== undefined;
  });
  await primary.cutNetwork();
  const ended = await Promise.race([
    waiting,
    until('it gives up', async () => undefined, 30_000).catch(() => 'it waits for ever'),
  ]);
  await primary.healNetwork();
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('timed out') });
});

test('a living leader takes a deleted leader key back, under a new create revision and the same lease', async () => {
  const primary = await untilReplicated(cluster());
  const before = await leaderKey();
  await deleteKey(cluster(), primary, LEADER);
  const after = await until('it is taken', () => keyOf(cluster(), primary, LEADER));
  expect([after.value, after.lease]).toEqual([primary.name, before.lease]);
  expect(Number(after.createRevision)).toBeGreaterThan(Number(before.createRevision));
  await until('it leads', async () => (await primaryOf(cluster())) === primary);
});

test('the leader key and the key of the member live by one lease, which is renewed whosever the leader key is', async () => {
  const primary = await untilReplicated(cluster());
  // Where a lease has run out, Patroni writes one key after the other.
  await until('they live by one lease', async () => {
    const member = await keyOf(cluster(), primary, `/service/farol/members/${primary.name}`);
    return (await leaderKey()).lease === member?.lease;
  });
});

test('a leader renews its key without writing it; one that was killed writes it before its PostgreSQL leads again', async () => {
  const primary = await untilReplicated(cluster());
  const before = await leaderKey();
  await commitAt(primary);
  await untilReplicated(cluster());
  expect((await leaderKey()).modRevision).toBe(before.modRevision);
  await primary.signal('KILL', 'patroni');
  await primary.killPostmaster();
  await until('it leads again', async () => {
    const [row] = await primary.sql<{ standby: boolean }>(
      'SELECT pg_is_in_recovery() AS standby',
      'postgres',
    );
    return row?.standby === false;
  });
  const after = await leaderKey();
  expect([after.value, after.createRevision]).toEqual([primary.name, before.createRevision]);
  expect(Number(after.modRevision)).toBeGreaterThan(Number(before.modRevision));
  expect(after.lease).not.toBe(before.lease);
});

test('a cancelled switchover leaves {} behind, and no key of its own', async () => {
  const primary = await untilReplicated(cluster());
  const [target] = othersThan(primary);
  await switchoverDatabase(cluster(), primary, target);
  // Patroni answers when it reads who leads; who leads now cleans up after that.
  const left = () => keyOf(cluster(), primary, '/service/farol/failover');
  await until('{} is left', async () => (await left())?.value === '{}');
});

test('a paused Patroni gives a leader key back that was given to its standby', async () => {
  const primary = await untilReplicated(cluster());
  const [standby] = othersThan(primary);
  await pause(cluster(), cluster().sites);
  const before = await leaderKey();
  const member = await keyOf(cluster(), primary, `/service/farol/members/${standby.name}`);
  await putKey(cluster(), primary, { key: LEADER, value: standby.name, lease: member!.lease });
  const after = await until('the primary has the key again', async () => {
    const key = await keyOf(cluster(), primary, LEADER);
    return key?.value === primary.name && key;
  });
  expect(Number(after.createRevision)).toBeGreaterThan(Number(before.createRevision));
  await configure(cluster(), primary, { pause: null });
  expect(await untilReplicated(cluster())).toBe(primary);
});

test('a promoted primary commits before Patroni says in /sync and /history that it leads', async () => {
  const { old, frozen, timeline } = await promotedUntold();
  expect(await commitAt(frozen)).toBe(0);
  const history = JSON.parse((await keyOf(cluster(), frozen, HISTORY))?.value ?? '[]') as [
    number,
  ][];
  expect(history.map(([ended]) => ended)).not.toContain(timeline - 1);
  await frozen.signal('CONT', 'patroni');
  await old.powerOn();
  await untilReplicated(cluster());
});

test('who lacks the timeline that acknowledged is not promoted; and a promotion takes the number that it is given, whatever the last one was', async () => {
  const old = await untilReplicated(cluster());
  const others = othersThan(old);
  const last = { timeline: 50, parent: null, before: 50, key: 1 };
  await putTimelines(old, { given: 50, promotions: [], acknowledging: last });
  await old.powerOff();
  const said = () => Promise.all(others.map((site) => site.log('patroni', 2_000)));
  await until('a promotion is refused', async () =>
    (await said()).some((log) => log.includes('has not gone through timeline 50')),
  );
  for (const site of others) expect(await untilAnswers(site, FOLLOWS)).toEqual({ follows: true });
  // The way out, for an operator.
  await putTimelines(others[0], { given: 50, promotions: [], acknowledging: null });
  const next = await until('one of them leads', () => promotedOf(others));
  const timeline = await timelineOf(next);
  expect(timeline).toBeGreaterThan(50);
  const known = JSON.parse((await keyOf(cluster(), next, TIMELINES))!.value) as object;
  const given = expect.objectContaining({ site: next.name, timeline });
  expect(known).toMatchObject({ promotions: expect.arrayContaining([given]) });
  await old.powerOn();
  await untilReplicated(cluster());
});

test('a copy that has what was acknowledged is kept from a primary that lacks it, and takes its place', async () => {
  const old = await untilReplicated(cluster());
  const next = await overtake(cluster(), old);
  const third = othersThan(old).find((site) => site !== next)!;
  await until('a commit is confirmed', async () => (await commitAt(next)) === 0);
  const timeline = await timelineOf(next);
  const noted = { timeline, site: next.name, parent: null, before: timeline, key: 1 };
  await putTimelines(old, { given: timeline, promotions: [], acknowledging: noted });
  await pause(cluster(), othersThan(old));
  await handBackUnasked(cluster(), { primary: next, old, third });
  await untilCopyIsKept(third);
  await configure(cluster(), third, { pause: null });
  await giveKeyTo(third);
  await until('the third leads', async () => {
    if (await promotedOf([third])) return true;
    // Whoever had it may have been just about to prolong it. An agent gives it again, too.
    if ((await leaderKey()).value !== third.name) await giveKeyTo(third);
    return false;
  });
  expect(await timelineOf(third)).toBeGreaterThan(timeline);
  await until('Patroni tells what it has run', async () =>
    (await third.log('patroni', 2_000)).includes('Farol keeps the copy of'),
  );
  await next.powerOn();
  await untilReplicated(cluster());
  expect(await untilAnswers(third, LOST)).toEqual({ lost: false });
});

/** On a busy machine Patroni may have told before it was frozen; then all is mended, and tried again. */
async function promotedUntold(): Promise<{ old: Site; frozen: Site; timeline: number }> {
  for (let tries = 0; tries < PROMOTIONS_MAX; tries++) {
    const old = await untilReplicated(cluster());
    await old.powerOff();
    const others = othersThan(old);
    const frozen = await freezeOncePromoted(others);
    // Not the timeline of pg_control_checkpoint(): a promoted PostgreSQL goes on by it before its first checkpoint is written.
    const timeline = await timelineOf(frozen);
    const sync = JSON.parse((await keyOf(cluster(), frozen, SYNC))!.value) as object;
    const untold = { leader: old.name, sync_standby: others.map(({ name }) => name).join() };
    if (isDeepStrictEqual({ ...sync, ...untold }, sync)) return { old, frozen, timeline };
    await frozen.signal('CONT', 'patroni');
    await old.powerOn();
  }
  throw new Error('Patroni told each time before it was frozen');
}

const PROMOTIONS_MAX = 5;
const LOST = 'SELECT count(*) = 0 AS lost FROM probe';
const FOLLOWS = 'SELECT pg_is_in_recovery() AS follows';

/** The one row of a query; a PostgreSQL that is just being started answers a little later. */
const untilAnswers = (site: Site, query: string): Promise<object> =>
  until(`PostgreSQL answers ${query}`, async () => (await site.sql<object>(query, 'postgres'))[0]);

/** As an agent does that deposes whoever has it. */
async function giveKeyTo(site: Site): Promise<void> {
  const member = await keyOf(cluster(), site, `/service/farol/members/${site.name}`);
  await putKeys(cluster(), site, [
    { key: LEADER, value: site.name, lease: member!.lease },
    { key: '/farol/farol/vouched', value: JSON.stringify({ site: site.name }), lease: '0' },
  ]);
}

const LEADER = '/service/farol/leader';
const SYNC = '/service/farol/sync';
const HISTORY = '/service/farol/history';
const TIMELINES = '/farol/farol/timelines';

function othersThan(primary: Site): [Site, Site] {
  return cluster().sites.filter((site) => site !== primary) as [Site, Site];
}

function putTimelines(site: Site, timelines: object): Promise<void> {
  const value = JSON.stringify(timelines);
  return putKey(cluster(), site, { key: TIMELINES, value, lease: '0' });
}

/** Asked of whichever etcd answers: any of the machines may be off. */
const leaderKey = (): Promise<EtcdKey> =>
  until('somebody leads', () =>
    Promise.any(cluster().sites.map((site) => keyOf(cluster(), site, LEADER))),
  );

/** The code with which a commit ends; it ends when it is confirmed. */
async function commitAt(primary: Site): Promise<number> {
  const sql = 'CREATE TABLE IF NOT EXISTS probe (at timestamptz); INSERT INTO probe VALUES (now())';
  return (await primary.run(['psql', '-Xqc', sql], 'postgres')).code;
}

/** Where the log ends, if a commit waits to be confirmed. */
async function waitingAt(primary: Site): Promise<string | undefined> {
  const [row] = await primary.sql<{ lsn: string }>(
    `SELECT pg_current_wal_insert_lsn() AS lsn FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    'postgres',
  );
  return row?.lsn;
}

function conninfo(to: Site, certificate: 'site' | 'front', user: string): string {
  const tls = '/etc/farol/tls';
  const own = `sslcert=${tls}/${certificate}.crt sslkey=${tls}/${certificate}.key`;
  const replication = user === 'replicator' ? 'replication=true' : '';
  return `host=${to.ip} user=${user} sslmode=verify-ca sslrootcert=${tls}/ca.crt ${own} ${replication}`;
}
