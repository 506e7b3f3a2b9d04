import { expect, test } from 'vitest';
import { revisionNow, writtenSince } from '../support/etcd.ts';
import { askForSwitchover, statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { promised } from '../support/promise.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test.each(['old', 'new'] as const)(
  'the %s active site of a planned switchover loses its power in the middle of it: as one fault',
  async (end) => {
    const active = await untilWell(cluster());
    const [target, third] = othersThan(active);
    const lost = end === 'old' ? active : target;
    const title = `switchover, ${end} site lost`;
    const survived = await underLoad(cluster(), { title }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      const since = await revisionNow(cluster(), third);
      const wish = askForSwitchover(active, target).catch(() => undefined);
      await until('Patroni is at it', async () => {
        const wishes = { key: '/service/farol/failover', since };
        const written = await writtenSince(cluster(), third, wishes);
        return written.some((value) => value.includes(target.name));
      });
      load.strike();
      await lost.powerOff();
      await load.untilFlowing([third.name, 'address']);
      await wish;
      await lost.powerOn();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expect(survived.violations).toEqual([]);
    expect(survived.failuresThrough(third.name)).toEqual([]);
    expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(30_000));
  },
);

test('both other sites are lost: the last one says what it does not know and who must come back; one that returns is enough', async () => {
  const active = await untilWell(cluster());
  const [first, second] = othersThan(active);
  const survived = await underLoad(cluster(), { title: 'two sites lost' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await Promise.all([first.powerOff(), second.powerOff()]);
    const said = await until('the last one no longer knows', async () => {
      const status = await statusAt(active);
      return status.code === 5 && status.said;
    });
    expect(said).toContain(`only ${active.ip}:2379 answers, and 2 must. Bring back 1 of`);
    expect(said).not.toMatch(/[abc] may lead/);
    await first.powerOn();
    await load.untilFlowing([active.name, first.name, 'address']);
    await second.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
    await until('all is well', async () => (await statusAt(active)).code === 0);
  });
  expect(survived.violations).toEqual([]);
});

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
