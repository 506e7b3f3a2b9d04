import { expect, test } from 'vitest';
import { endingsIn } from '../support/bad-values.ts';
import { keyOf } from '../support/etcd.ts';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, type Load, type Survived, underLoad } from '../support/load.ts';
import { patronictl } from '../support/patroni.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// Patroni's own commands, beneath Farol, at moments at which nobody should give them.

const cluster = useCluster({ sites: 3 });

test('a switchover by patronictl, and one under way when PostgreSQL is told to restart, lose nothing', async () => {
  const active = await untilWell(cluster());
  const [one, other] = othersThan(active);
  const survived = await under('patronictl switchover', async () => {
    const moved = await patronictl(one, move('switchover', active, one));
    expect(moved.stdout).toContain('Successfully');
    await untilWell(cluster());
    // Whichever comes first, the other is refused or comes to nothing.
    await Promise.all([
      patronictl(active, move('switchover', one, other)),
      patronictl(one, `restart farol ${one.name} --force`),
    ]);
  });
  expect(survived.violations).toEqual([]);
});

test('a switchover to a site whose Patroni stands still is taken back or ends, and writes go on', async () => {
  const active = await untilWell(cluster());
  const [frozen, other] = othersThan(active);
  const survived = await under('switchover to a frozen site', async (load) => {
    await frozen.signal('STOP', 'patroni');
    await patronictl(other, move('switchover', active, frozen));
    await load.untilFlowing([active.name, other.name, 'address']);
    await frozen.signal('CONT', 'patroni');
  });
  expect(survived.violations).toEqual([]);
});

test('a failover by force while the leader is well loses nothing', async () => {
  const active = await untilWell(cluster());
  const [next] = othersThan(active);
  const survived = await under('failover by force', async () => {
    await patronictl(next, `failover farol --candidate ${next.name} --force`);
  });
  expect(survived.violations).toEqual([]);
});

test('while Patroni is paused a lost primary is not replaced, and status says that writes wait; resumed, writes go on', async () => {
  const active = await untilWell(cluster());
  const [one, other] = othersThan(active);
  const survived = await under('paused', async (load) => {
    await patronictl(one, 'pause --wait');
    await active.powerOff();
    await until('nobody leads', async () => (await statusOf(one)).primary === null);
    const { code, said } = await statusAt(one);
    expect([code, said]).toEqual([4, expect.stringContaining('No writes now')]);
    await patronictl(one, 'resume --wait');
    await load.untilFlowing([one.name, other.name, 'address']);
    await active.powerOn();
  });
  expect(survived.violations).toEqual([]);
});

test('both standbys cloned anew at once: writes wait or are confirmed by who streams, and the primary is not wiped', async () => {
  const active = await untilWell(cluster());
  const standbys = othersThan(active);
  const survived = await under('both reinitialized', async () => {
    const wiped = await patronictl(active, `reinit farol ${active.name} --force`);
    expect(wiped.stdout + wiped.stderr).toMatch(/leader|No .*members/i);
    for (const { name } of standbys) await patronictl(active, `reinit farol ${name} --force`);
  });
  expect(survived.violations).toEqual([]);
});

test('what Patroni knows in etcd is removed only by who says so three times; then it is there again, and nothing is lost', async () => {
  const active = await untilWell(cluster());
  const survived = await under('remove', async () => {
    const refused = await patronictl(active, 'remove farol', ['farol', 'yes']);
    expect(refused.code).not.toBe(0);
    expect((await keyOf(cluster(), active, '/service/farol/leader'))?.value).toBe(active.name);
    const typed = ['farol', 'Yes I am aware', active.name];
    expect(await patronictl(active, 'remove farol', typed)).toMatchObject({ code: 0 });
  });
  expect(survived.violations).toEqual([]);
});

/** What befalls a cluster that is well, and is to be well again by itself, with no program ended but PostgreSQL. */
async function under(title: string, befalls: (load: Load) => Promise<void>): Promise<Survived> {
  const before = await endingsIn(cluster());
  const survived = await underLoad(cluster(), { title }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await befalls(load);
    await load.untilFlowing(everyTarget(cluster()));
    await untilWell(cluster());
  });
  const after = await endingsIn(cluster());
  expect(after.others).toEqual(before.others);
  expect(after.servers - before.servers).toBeLessThanOrEqual(SERVERS_MAX);
  return survived;
}

/** Each time that its database, or its deadline, goes away in the middle of a commit. */
const SERVERS_MAX = 6;

const move = (action: string, from: Site, to: Site): string =>
  `${action} farol --leader ${from.name} --candidate ${to.name} --force`;

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
