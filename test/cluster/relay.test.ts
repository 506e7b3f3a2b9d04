import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { frontHealth, untilWell } from './support/farol.ts';
import { underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

/** 1 s until the front looks, 1.5 s of patience, and what was in flight is asked for again. */
const THROUGH_WITHIN_MS = 6_000;

test('the link between the active site and one other is cut: clients of its front go through the third', async () => {
  const active = await untilWell(cluster());
  const [cutOff, third] = cluster().sites.filter((site) => site !== active);
  const everyTarget = ['address', ...cluster().sites.map(({ name }) => name)];
  let throughAfterMs = Infinity;
  const survived = await underLoad(cluster(), { title: 'one link cut' }, async (load) => {
    await load.untilFlowing(everyTarget);
    load.strike();
    await cutOff!.cutLinkTo(active);
    const cutAt = performance.now();
    await load.untilFlowing(everyTarget);
    throughAfterMs = performance.now() - cutAt;
    const through = { kind: 'through', site: third!.name };
    await until('its front says so', async () =>
      isDeepStrictEqual((await frontHealth(cutOff!)).way, through),
    );
    await cutOff!.healLinkTo(active);
    await until('its front goes directly again', async () => {
      return (await frontHealth(cutOff!)).way?.kind === 'direct';
    });
    await load.untilFlowing(everyTarget);
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...cluster().sites.map(({ name }) => name))).toEqual([]);
  expect(throughAfterMs).toBeLessThanOrEqual(promised(THROUGH_WITHIN_MS));
});
