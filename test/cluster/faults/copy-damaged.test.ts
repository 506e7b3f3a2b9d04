import { expect, test } from 'vitest';
import { statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { POSTGRESQL_DATA } from '../support/site-files.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F7: what a power cut leaves of PostgreSQL's copy at a site.

const cluster = useCluster({ sites: 3 });

test('a power cut damages a page of a standby’s copy: status says so, it may not lead, and is made anew by itself; what was damaged is kept (F7)', async () => {
  const active = await untilWell(cluster());
  const [one, third] = othersThan(active);
  const survived = await underLoad(cluster(), { title: 'page of a standby' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    // It is kept as long as it is the only other copy: else it is gone a second later, before anybody asked.
    await third.stop('patroni');
    await one.stop('patroni');
    await untilPostgresEnded(one);
    await damagePage(one);
    await one.powerOff();
    await one.powerOn();
    await untilSaid(active, `The copy of the database at ${one.name} is DAMAGED: page `, () =>
      writeBack(active, one),
    );
    await third.start('patroni');
    await untilKept(one);
    await untilNotSaid(active, 'DAMAGED');
    await load.untilFlowing(everyTarget(cluster()));
    expect(await untilWell(cluster())).toBe(active);
  });
  expect(survived.violations).toEqual([]);
});

test('a standby whose pg_control is lost does not start, and is made anew by itself; what was left is kept (F7)', async () => {
  const active = await untilWell(cluster());
  // No copy is made anew twice within ten minutes, and that of the other one just was; so it will be of this one, and then of the primary.
  const [, one] = othersThan(active);
  await one.must(['rm', '-rf', `${POSTGRESQL_DATA}.failed`]);
  const survived = await underLoad(cluster(), { title: 'pg_control' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await one.stop('patroni');
    await untilPostgresEnded(one);
    await one.must(['rm', `${POSTGRESQL_DATA}/global/pg_control`]);
    await one.powerOff();
    await one.powerOn();
    await until(
      'it is there again',
      () =>
        one
          .run(['test', '-e', `${POSTGRESQL_DATA}/global/pg_control`])
          .then(({ code }) => code === 0),
      300_000,
    );
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    expect(await untilWell(cluster())).toBe(active);
  });
  expect(survived.violations).toEqual([]);
  await untilKept(one);
});

test('a power cut damages a page of the primary’s copy: another site leads, and it is made anew; nothing is lost (F7)', async () => {
  const active = await untilWell(cluster());
  const others = othersThan(active);
  const survived = await underLoad(cluster(), { title: 'page of the primary' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    // The others may not take over meanwhile: it comes back as the primary.
    await Promise.all(others.map((site) => site.stop('patroni')));
    await active.stop('patroni');
    await untilPostgresEnded(active);
    await damagePage(active);
    await active.powerOff();
    await active.powerOn();
    await Promise.all(others.map((site) => site.start('patroni')));
    const next = await until(
      'another site leads, all are well, and nothing is damaged any more',
      async () => {
        const writer = await untilWell(cluster());
        const { said } = await statusAt(others[0]);
        return writer !== active && !said.includes('DAMAGED') && writer;
      },
      400_000,
    );
    expect(others).toContain(next);
    await untilKept(active, () => writeBack(next, active));
    await load.untilFlowing(everyTarget(cluster()), 180_000);
  });
  expect(survived.violations).toEqual([]);
});

/** Of a table that nobody writes: what is written soon would be mended by the replay of its whole page. */
async function damagePage(site: Site): Promise<void> {
  await site.must(['bash', '-c', DAMAGE], 'postgres');
}

/** The largest of what initdb made, and of no database that a program connects to; its copies lie in several. */
const DAMAGE = `set -e; cd ${POSTGRESQL_DATA}/base
  file=$(find . -name '[0-9]*' -type f -size +30k -newermt 1970-01-01 -path './1/*' | sort | tail -1)
  printf '\\377\\377\\377\\377' | dd of="$file" bs=1 seek=12000 conv=notrunc status=none; sync`;

/** A checkpoint there is a restartpoint here, by which a page that is only torn would be mended. */
async function writeBack(primary: Site, standby: Site): Promise<void> {
  await primary.sql('SELECT 1 AS one FROM pg_switch_wal()');
  await primary.run(['psql', '-Xqc', 'CHECKPOINT'], 'postgres');
  await standby.run(['psql', '-Xqc', 'CHECKPOINT'], 'postgres');
}

const untilPostgresEnded = (site: Site) =>
  until('its PostgreSQL has ended', async () => {
    return (await site.run(['pgrep', '-x', 'postgres'])).code !== 0;
  });

const untilSaid = (site: Site, what: string, meanwhile: () => Promise<unknown>) =>
  until(
    `status says: ${what}`,
    async () => {
      await meanwhile();
      return (await statusAt(site)).said.includes(what);
    },
    300_000,
  );

const untilNotSaid = (site: Site, what: string) =>
  until(
    `status says no more: ${what}`,
    async () => !(await statusAt(site)).said.includes(what),
    300_000,
  );

const untilKept = (site: Site, meanwhile: () => Promise<unknown> = async () => {}) =>
  until('what was damaged is kept', async () => {
    await meanwhile();
    return (await site.run(['test', '-e', `${POSTGRESQL_DATA}.failed/PG_VERSION`])).code === 0;
  });

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
