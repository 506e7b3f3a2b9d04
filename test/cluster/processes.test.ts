import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { longestOf } from '../support/history/measure.ts';
import { switchover, untilWell } from './support/farol.ts';
import { everyTarget, type Survived, underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import type { Site, Unit } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test('no program of a site has more rights than it needs, nor may put a socket in the place of another', async () => {
  const site = await untilWell(cluster());
  for (const unit of ['etcd', 'patroni', 'server', 'front'] as const)
    expect([unit, await rightsOf(site, unit)]).toEqual([unit, { root: false, capabilities: 0n }]);
  const agent = await rightsOf(site, 'agent');
  expect(agent).toEqual({ root: false, capabilities: NET_ADMIN | NET_RAW });
  const folders = [
    '/run/farol',
    ...['server', 'front', 'agent'].map((each) => `/run/farol/${each}`),
  ];
  const owners = (await site.must(['stat', '-c', '%U %a', ...folders])).trim().split('\n');
  expect(owners).toEqual(['root 755', 'farol 750', 'farol 750', 'farol-agent 750']);
});

test.for<Unit>(['server', 'agent'])(
  'SIGKILL of the %s of the active site fails no request, and stalls for 4 s at most',
  async (unit) => {
    const active = await untilWell(cluster());
    const { measured, violations } = await underLoad(
      cluster(),
      { title: `kill ${unit}` },
      async (load) => {
        await load.untilFlowing(everyTarget(cluster()));
        load.strike();
        await active.signal('KILL', unit);
        await load.untilFlowing(everyTarget(cluster()));
      },
    );
    expect(violations).toEqual([]);
    expect(measured.failed).toEqual({});
    expect(longestOf(measured)).toBeLessThanOrEqual(promised(4_000));
  },
);

test('SIGKILL of a front fails no request of clients of the others', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'kill front' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.signal('KILL', 'front');
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
});

test('a planned switchover under load fails no request and stalls for 2.5 s at most', async () => {
  const active = await untilWell(cluster());
  const target = cluster().sites.find((site) => site !== active)!;
  const options = { title: 'switchover', sendersEach: 4, pauseMs: 100 };
  const { measured, violations } = await underLoad(cluster(), options, async (load) => {
    const untilSent = (count: number) =>
      until(
        `${count} requests were sent`,
        async () => load.history.attempts.filter(isRequest).length >= count,
      );
    await load.untilFlowing(everyTarget(cluster()));
    await untilSent(REQUESTS_MIN / 3);
    load.strike();
    await switchover(active, target);
    await load.untilFlowing(everyTarget(cluster()));
    await untilSent(REQUESTS_MIN);
  });
  expect(violations).toEqual([]);
  expect(measured.failed).toEqual({});
  expect(measured.requests).toBeGreaterThanOrEqual(REQUESTS_MIN);
  expect(longestOf(measured)).toBeLessThanOrEqual(promised(2_500));
  expect(await untilWell(cluster())).toBe(target);
});

test('SIGSTOP of server and agent for 30 s, then SIGCONT: nothing is lost or doubled, and nobody but clients of that site sees an error', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(
    cluster(),
    { title: 'freeze server and agent' },
    async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await active.signal('STOP', 'server', 'agent');
      await sleep(FREEZE_MS);
      await active.signal('CONT', 'server', 'agent');
      await load.untilFlowing(everyTarget(cluster()));
    },
  );
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
  // PostgreSQL and Patroni are well all the while, and the writer is where they are.
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(FREEZE_MS + promised(5_000));
});

test('SIGKILL of the primary PostgreSQL, its site alive: writes go on', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'kill postmaster' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.killPostmaster();
    await load.untilFlowing(everyTarget(cluster()));
  });
  expectSurvival(survived, active);
});

const NET_ADMIN = 1n << 12n;
const NET_RAW = 1n << 13n;

/** What it may do now, and what it could ever get. */
async function rightsOf(site: Site, unit: Unit) {
  const pid = (await site.must(['cat', `/run/units/${unit}.pid`])).trim();
  const status = await site.must(['cat', `/proc/${pid}/status`]);
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)![1]!;
  return { root: field('Uid') === '0', capabilities: BigInt(`0x${field('CapPrm')}`) };
}

const REQUESTS_MIN = 10_000;
const isRequest = ({ what }: { what: string }) => what !== 'set up';
const FREEZE_MS = 30_000;
const WRITES_WITHIN_MS = 30_000;

function expectSurvival(survived: Survived, active: Site) {
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
}

const othersThan = (site: Site) =>
  cluster()
    .sites.filter((each) => each !== site)
    .map(({ name }) => name);
