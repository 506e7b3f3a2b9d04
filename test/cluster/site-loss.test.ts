import { expect, test } from 'vitest';
import { startChat } from './support/chat.ts';
import { etcdLeader, moveEtcdLeader } from './support/etcd.ts';
import { untilWell } from './support/farol.ts';
import { everyTarget, type Load, type Survived, underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import type { Site } from './support/site.ts';
import { useCluster } from './support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

const FRONTS_WITHIN_MS = 6_000;
const WRITES_WITHIN_MS = 30_000;

test('the active site loses power: fronts answer in 6 s, writes go on in 30 s, nothing is lost or doubled', async () => {
  const active = await untilWell(cluster());
  await unlessEtcdLeads(active);
  using chat = await startChat(cluster());
  const survived = await underLoad(cluster(), { title: 'power loss' }, async (load) => {
    await chat.talk();
    await powerLoss(active, load, { whileAway: () => chat.talk() });
  });
  expectSurvival(survived, active);
  for (const shown of chat.shown()) expect(shown).toEqual(chat.said);
});

test('the same with the etcd leader in that site', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(
    cluster(),
    { title: 'power loss with the etcd leader' },
    async (load) => {
      // The agents keep the two apart, so the power goes as soon as they are together.
      await powerLoss(active, load, { before: () => moveEtcdLeader(cluster(), active) });
    },
  );
  expectSurvival(survived, active);
});

test('the network of the active site is cut and healed', async () => {
  const active = await untilWell(cluster());
  await unlessEtcdLeads(active);
  const survived = await underLoad(cluster(), { title: 'network cut' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.cutNetwork();
    await load.untilFlowing(othersThan(active));
    await active.healNetwork();
    await load.untilFlowing(everyTarget(cluster()));
  });
  expectSurvival(survived, active);
});

interface Meanwhile {
  readonly before?: () => Promise<unknown>;
  readonly whileAway?: () => Promise<unknown>;
}

async function powerLoss(active: Site, load: Load, { before, whileAway }: Meanwhile) {
  await load.untilFlowing(everyTarget(cluster()));
  await before?.();
  load.strike();
  await active.powerOff();
  await load.untilFlowing([...othersThan(active), 'address']);
  await whileAway?.();
  await active.powerOn();
  await load.untilFlowing(everyTarget(cluster()));
}

function expectSurvival(survived: Survived, active: Site) {
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
  expect(survived.frontsAfterMs).toBeLessThanOrEqual(promised(FRONTS_WITHIN_MS));
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
}

async function unlessEtcdLeads(active: Site) {
  if ((await etcdLeader(cluster())) !== active) return;
  await moveEtcdLeader(cluster(), cluster().sites.find((site) => site !== active)!);
}

const othersThan = (site: Site) =>
  cluster()
    .sites.filter((each) => each !== site)
    .map(({ name }) => name);
