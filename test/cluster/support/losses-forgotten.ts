import type { Cluster } from './cluster.ts';
import { keyOf, putKey } from './etcd.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

/**
 * A site that was lost twice leaves the lead as soon as it has it, for up to half an hour (F21): what a test did would move the
 * primary in the middle of the next one. An agent counts at its first look and writes what it has counted with each pulse, so
 * it is ended meanwhile.
 */
export async function forgetLosses(cluster: Cluster): Promise<void> {
  await Promise.all(
    cluster.machines.map(async (site) => {
      if ((await countedAt(cluster, site)).losses === 0) return;
      await site.stop('agent');
      await until(
        `the agent of ${site.name} has ended`,
        async () => (await site.run(['test', '-e', '/run/units/agent.pid'])).code !== 0,
      );
      const value = JSON.stringify({ ...(await countedAt(cluster, site)), losses: 0 });
      await putKey(cluster, site, { key: keyFor(site), value, lease: '0' });
      await site.start('agent');
    }),
  );
}

const keyFor = (site: Site): string => `/farol/farol/machine/${site.name}`;

/** It is this start's once its agent has given a sign of life. */
function countedAt(cluster: Cluster, site: Site): Promise<{ readonly losses: number }> {
  return until(`etcd tells how often ${site.name} was lost`, async () => {
    const key = await keyOf(cluster, site, keyFor(site));
    return key && (JSON.parse(key.value) as { losses: number });
  });
}
