import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { revisionNow, writtenSince } from '../support/etcd.ts';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { promised } from '../support/promise.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F10.

const cluster = useCluster({ sites: 3 });

test('the network card of the active site loses every tenth packet: another site takes the lead, once, and status says whose network is sick', async () => {
  const active = await untilWell(cluster());
  const [other] = othersThan(active);
  const survived = await underLoad(cluster(), { title: 'sick card' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    const since = await revisionNow(cluster(), other);
    load.strike();
    const from = performance.now();
    await active.sickenCard(LOST);
    const next = await until('another site leads', async () => {
      const { leader } = await statusOf(other);
      return othersThan(active).find(({ name }) => name === leader);
    });
    const tookMs = performance.now() - from;
    console.log(`moved from ${active.name} to ${next.name} after ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThanOrEqual(promised(MOVED_WITHIN_MS));
    // What a card drops as it sends, no program of its own site has sent yet: either end may be the one that counts it.
    const ways = `from ${active.name} to \\w|from \\w to ${active.name}`;
    await until('status says whose network is sick', async () =>
      new RegExp(`The NETWORK (${ways}) is sick`).test((await statusAt(other)).said),
    );
    // Time for another move, if one were made.
    await sleep(FLAPPING_MS);
    await active.mendCard(LOST);
    await load.untilFlowing(everyTarget(cluster()));
    expect(await untilWell(cluster())).toBe(next);
    const lease = { key: '/farol/farol/lease/leader', since };
    const written = await writtenSince(cluster(), other, lease);
    expect(written.filter((value) => !value.includes('null'))).toHaveLength(1);
    await until('nothing is said of networks any more', async () => {
      return !(await statusAt(other)).said.includes('NETWORK');
    });
  });
  expect(survived.violations).toEqual([]);
});

const LOST = 0.1;
const MOVED_WITHIN_MS = 25_000;
const FLAPPING_MS = 20_000;

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
