import { expect, test } from 'vitest';
import { statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { promised } from '../support/promise.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// Everybody loses power, and it returns in any order (F3): the last leader first, last, or between.

const cluster = useCluster({ sites: 3 });

const ORDERS = [
  ['leader', 'one', 'other'],
  ['leader', 'other', 'one'],
  ['one', 'leader', 'other'],
  ['other', 'leader', 'one'],
  ['one', 'other', 'leader'],
  ['other', 'one', 'leader'],
] as const;

test.each(ORDERS)(
  'all sites are dark at once and return in the order %s, %s, %s: the first says for whom it waits, two are enough, and nothing is lost',
  async (...order) => {
    const was = await rolesNow();
    const [first, second, third] = order.map((role) => was[role]) as [Site, Site, Site];
    const title = `dark at once, back: ${order.join(', ')}`;
    const survived = await underLoad(cluster(), { title }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      await Promise.all(cluster().sites.map((site) => site.powerOff()));
      await first.powerOn();
      await untilItWaits(first);
      load.strike();
      await second.powerOn();
      await load.untilFlowing([first.name, second.name, 'address']);
      await third.powerOn();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expect(survived.violations).toEqual([]);
    expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(BACK_WITHIN_MS));
  },
);

test.each([
  ['one', 'leader'],
  ['leader', 'one'],
] as const)(
  'a site went dark while the others went on, and is the first to return, then the %s, then the %s: what it lacks is not lost',
  async (...later) => {
    const was = await rolesNow();
    const stale = was.other;
    const title = `dark one after the other, back: the stale one, ${later.join(', ')}`;
    const survived = await underLoad(cluster(), { title }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      await stale.powerOff();
      await load.untilFlowing([was.leader.name, was.one.name]);
      await Promise.all([was.leader.powerOff(), was.one.powerOff()]);
      await stale.powerOn();
      await untilItWaits(stale);
      const [second, third] = later.map((role) => was[role]) as [Site, Site];
      load.strike();
      await second.powerOn();
      await load.untilFlowing([stale.name, second.name, 'address']);
      await third.powerOn();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expect(survived.violations).toEqual([]);
    expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(BACK_WITHIN_MS));
  },
);

/** From the return of the second site: etcd votes, Patroni votes, a promotion, a takeover. */
const BACK_WITHIN_MS = 30_000;

async function rolesNow(): Promise<Record<'leader' | 'one' | 'other', Site>> {
  const leader = await untilWell(cluster());
  const [one, other] = cluster().sites.filter((site) => site !== leader) as [Site, Site];
  return { leader, one, other };
}

async function untilItWaits(alone: Site): Promise<void> {
  await until('it says who must come back', async () => {
    const { code, said } = await statusAt(alone);
    return code === 5 && said.includes('Bring back 1 of');
  });
}
