import { expect, test } from 'vitest';
import { untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test('ten power cycles of the active site: it does not go on leading, and nothing is lost or doubled', async () => {
  const flapping = await untilWell(cluster());
  const others = everyTarget(cluster()).filter((target) => target !== flapping.name);
  const survived = await underLoad(cluster(), { title: 'ten power cycles' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await flapping.powerOff();
      await flapping.powerOn();
      await load.untilFlowing(others, 120_000);
    }
    await load.untilFlowing(everyTarget(cluster()), 120_000);
  });
  expect(survived.violations).toEqual([]);
  expect(await untilWell(cluster())).not.toBe(flapping);
});

const CYCLES = 10;
