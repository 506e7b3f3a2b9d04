import type { Cluster } from './cluster.ts';
import { keyOf } from './etcd.ts';
import { promotedOf } from './patroni.ts';
import { BLOCK_REPLICATION, type Site } from './site.ts';
import { POSTGRESQL_DATA } from './site-files.ts';
import { until } from './until.ts';

/** PostgreSQL takes its file away when it has been promoted; so soon Patroni has told nobody. */
const FREEZE_ONCE_PROMOTED = `set -e; while [ -e ${POSTGRESQL_DATA}/standby.signal ]; do sleep 0.01; done
  kill -STOP "$(cat /run/units/patroni.pid)"`;

/** Freezes Patroni of whichever of these is promoted next, at once, and gives that site. */
export async function freezeOncePromoted(sites: readonly Site[]): Promise<Site> {
  const promoted = await Promise.any(
    sites.map(async (site) => {
      await site.must(['timeout', '300', 'bash', '-c', FREEZE_ONCE_PROMOTED]);
      return site;
    }),
  );
  for (const site of sites.filter((each) => each !== promoted))
    await site.run(['pkill', '-f', 'standby.signal']);
  // The file goes some steps before the last one, after which it takes writes.
  await until('it takes writes', async () => (await promotedOf([promoted])) !== undefined);
  return promoted;
}

/** Patroni of a site is frozen until another one leads, which is given. */
export async function overtake(cluster: Cluster, site: Site): Promise<Site> {
  await site.signal('STOP', 'patroni');
  const others = cluster.sites.filter((each) => each !== site);
  return until('another site leads', () => promotedOf(others));
}

/**
 * The primary is lost in a pause of Patroni's (`pause`); once its key has run out, an older primary goes on whose Patroni was
 * frozen, and starts again. In a pause it takes the vacant key whatever its timeline is; and so does one that was frozen between
 * reading that it leads and prolonging its key.
 */
export async function handBackUnasked(
  cluster: Cluster,
  { primary, old, third }: { readonly primary: Site; readonly old: Site; readonly third: Site },
): Promise<void> {
  const holder = async () => (await keyOf(cluster, third, '/service/farol/leader'))?.value;
  const untilHeldBy = (whom: string | undefined, what: string) =>
    until(what, async () => {
      const now = await holder();
      if (now !== whom) throw new Error(`${now ?? 'nobody'} has it`);
      return true;
    });
  await untilHeldBy(primary.name, 'the primary has the key');
  await primary.powerOff();
  // It stays so: nobody is promoted in a pause, and whoever could take it is frozen.
  await untilHeldBy(undefined, 'its key has run out');
  // Thawed it could read of the key that has run out since, and demote itself; who starts anew knows nothing of it.
  await old.signal('KILL', 'patroni');
  await untilHeldBy(old.name, 'the old one has the key');
}

/** What Patroni runs before it rewinds or clones this site's copy waits for a source that may lead. */
export async function untilCopyIsKept(site: Site): Promise<void> {
  const waits = async () => (await site.run(['pgrep', '-f', '[a]wait-source'])).code === 0;
  await until('its copy is kept', waits);
}

/**
 * It writes much that no other site gets, and Patroni takes nobody off `/sync` for that: it is frozen by the same command,
 * since it would within 5 s.
 */
export async function writeUnseen(primary: Site): Promise<void> {
  const freeze = 'kill -STOP "$(cat /run/units/patroni.pid)"';
  await primary.must(['sh', '-ec', `${BLOCK_REPLICATION}; ${freeze}`]);
  const sql = `SET synchronous_commit = local;
    CREATE TABLE dead AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 30000) n`;
  await primary.must(['psql', '-Xqc', sql], 'postgres');
}

/**
 * As if Patroni of every site had been there when the new primary took its key: whoever this key does not
 * name may not lead.
 */
export function allAreFailsafe(cluster: Cluster) {
  const members = cluster.sites.map(({ name, ip }) => [name, `https://${ip}:8010/patroni`]);
  const value = JSON.stringify(Object.fromEntries(members));
  return { key: '/service/farol/failsafe', value, lease: '0' };
}

/** As soon as the one that streams the log runs beside the one that copies the files. */
const HALT_BASE_BACKUP = `until [ "$(pgrep -c -x pg_basebackup)" = 2 ]; do sleep 0.01; done
  kill -STOP "$(pgrep -o -x pg_basebackup)"`;

/** Lets Patroni clone this site anew, and halts that; the log goes on being streamed meanwhile. */
export async function beginClone(site: Site): Promise<{ goOn(): Promise<unknown> }> {
  // Patroni was told to stop, and its PostgreSQL may still be writing what it has.
  await until(
    'its PostgreSQL has ended',
    async () => (await site.run(['pgrep', '-x', 'postgres'])).code === 1,
  );
  await site.must(['rm', '-rf', POSTGRESQL_DATA]);
  await site.start('patroni');
  await site.must(['timeout', '120', 'bash', '-c', HALT_BASE_BACKUP]);
  return { goOn: () => site.must(['pkill', '-CONT', '-x', 'pg_basebackup']) };
}

/** Waits until a base backup has received the log of this primary up to there. */
export async function untilBackupHas(primary: Site, lsn: string): Promise<void> {
  await until('the base backup has it', async () => {
    const [row] = await primary.sql<{ there: boolean }>(
      `SELECT write_lsn >= '${lsn}' AS there FROM pg_stat_replication
       WHERE application_name = 'pg_basebackup' AND state = 'streaming'`,
      'postgres',
    );
    return row?.there === true;
  });
}

/** With nobody left who is named, Patroni lets anybody confirm. */
export async function untilNobodyIsNamed(primary: Site): Promise<void> {
  await until('nobody is named', async () => {
    const [row] = await primary.sql<{ names: string }>(
      `SELECT current_setting('synchronous_standby_names') AS names`,
      'postgres',
    );
    return row!.names === 'ANY 1 (*)';
  });
}

/** Of a site that leads, or is about to. */
export function timelineOf(site: Site): Promise<number> {
  return until('PostgreSQL leads a timeline', async () => {
    const [row] = await site.sql<{ timeline: number }>(
      `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline`,
      'postgres',
    );
    return row!.timeline;
  });
}
