import { expect, test } from 'vitest';
import { DISKS_CAN_BE_MADE } from '../support/disk.ts';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, type Survived, underLoad } from '../support/load.ts';
import { promised } from '../support/promise.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F11 and F12: each site's PostgreSQL on a disk of its own.

const cluster = DISKS_CAN_BE_MADE ? useCluster({ sites: 3, disks: true }) : () => never();
const onDisks = test.skipIf(!DISKS_CAN_BE_MADE);

onDisks(
  'while the disk of the active site answers nothing another site takes the lead, and status says why; then it comes back by itself (F11)',
  async () => {
    const active = await untilWell(cluster());
    const other = othersThan(active)[0];
    const survived = await underLoad(cluster(), { title: 'disk stalls' }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      const from = performance.now();
      await active.disk.freeze();
      await until('status at another site names the disk', async () => {
        return (await statusAt(other)).said.includes(`The DISK of ${active.name} has not answered`);
      });
      const next = await untilMovedFrom(active, from, STALL_MOVES_WITHIN_MS);
      await load.untilFlowing(everyTarget(cluster()), 120_000);
      await active.disk.thaw();
      expect(await untilWell(cluster())).toBe(next);
      await untilCandidate(active);
    });
    expect(survived.violations).toEqual([]);
    expectFailedOnlySetAside(survived);
  },
);

onDisks(
  'before the disk of the active site is full another one with more room takes the lead; where none has more nobody moves (F12)',
  async () => {
    const active = await untilWell(cluster());
    const survived = await underLoad(cluster(), { title: 'disk fills' }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      const from = performance.now();
      await active.disk.fillTo(0.96);
      const next = await untilMovedFrom(active, from, FULL_MOVES_WITHIN_MS);
      expect(await untilWell(cluster())).toBe(next);
      await until('status says how full it is', async () => {
        return (await statusAt(next)).said.includes(`${active.name}: 96 % of the space`);
      });
      for (const site of othersThan(active)) await site.disk.fillTo(0.965);
      await until('status says that nobody has more room', async () => {
        return (await statusAt(next)).said.includes('NO OTHER SITE IS KNOWN TO HAVE ROOM');
      });
      await load.untilFlowing(everyTarget(cluster()));
      for (const site of cluster().sites) await site.disk.makeRoom();
      await until('nothing is said of disks any more', async () => {
        return !(await statusAt(next)).said.includes("PostgreSQL's disk");
      });
      expect(await untilWell(cluster())).toBe(next);
    });
    expect(survived.violations).toEqual([]);
    expectFailedOnlySetAside(survived);
  },
);

async function untilMovedFrom(active: Site, from: number, withinMs: number): Promise<Site> {
  const next = await until('another site leads', async () => {
    const { leader } = await statusOf(othersThan(active)[0]);
    return cluster().sites.find(({ name }) => name === leader && name !== active.name);
  });
  const tookMs = performance.now() - from;
  console.log(`moved from ${active.name} to ${next.name} after ${Math.round(tookMs)} ms`);
  expect(tookMs).toBeLessThanOrEqual(promised(withinMs));
  return next;
}

/** It has been held down for having given up the lead. */
const untilCandidate = (site: Site) =>
  until(
    `${site.name} may lead again`,
    async () => (await statusOf(site)).explanation.others.includes(`${site.name} may lead`),
    120_000,
  );

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}

/** Fronts give up a request that writers died of, for all they know; and with the address open connections end. */
function expectFailedOnlySetAside({ measured: { failed } }: Survived): void {
  expect(
    Object.keys(failed).filter(
      (what) => !/503 M_UNKNOWN$|through address: UND_ERR_SOCKET$/.test(what),
    ),
  ).toEqual([]);
}

function never(): never {
  throw new Error('disks cannot be made here');
}

const STALL_MOVES_WITHIN_MS = 20_000;
const FULL_MOVES_WITHIN_MS = 20_000;
