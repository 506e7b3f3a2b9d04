import { expect, test } from 'vitest';
import { statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test('etcd is made anew from a copy of itself, as another cluster: within minutes all go on with that, none started again', async () => {
  const active = await untilWell(cluster());
  const before = await endings();
  const survived = await underLoad(cluster(), { title: 'etcd anew' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    const was = await clusterId(active);
    load.strike();
    await active.must(['sh', '-c', `etcdctl ${OPTIONS} snapshot save /tmp/etcd.db`]);
    const copy = await active.must(['sh', '-c', 'base64 -w 0 /tmp/etcd.db']);
    await Promise.all(cluster().machines.map((site) => site.stop('etcd')));
    await Promise.all(cluster().machines.map((site) => restore(site, copy)));
    await Promise.all(cluster().machines.map((site) => site.start('etcd')));
    expect(await until('etcd answers', () => clusterId(active))).not.toBe(was);
    await until('status tells of another etcd', async () =>
      (await statusOf(active)).explanation.leader.includes('another etcd answers'),
    );
    await load.untilFlowing(everyTarget(cluster()), 300_000);
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  expect(await endings()).toEqual(before);
});

const TLS = '/etc/farol/tls';
const OPTIONS = `--endpoints=https://localhost:2379 --cacert=${TLS}/ca.crt --cert=${TLS}/site.crt --key=${TLS}/site.key`;

const clusterId = (site: Site): Promise<string> =>
  site.must(['sh', '-c', `etcdctl ${OPTIONS} get x -w fields | grep ClusterID`]);

/** In the place of what it had; the token makes it another cluster. */
async function restore(site: Site, copy: string): Promise<void> {
  await until('etcd has ended', async () => (await site.run(['pgrep', '-x', 'etcd'])).code !== 0);
  await site.must(['sh', '-c', ': > /tmp/copy']);
  for (const part of copy.match(/.{1,100000}/g) ?? [])
    await site.must(['sh', '-c', 'printf %s "$1" | base64 -d >> /tmp/copy', 'sh', part]);
  await site.must(['bash', '-c', RESTORE]);
}

const RESTORE = `set -ea; . /etc/default/etcd; data=$ETCD_DATA_DIR
  unset ETCD_DATA_DIR ETCD_WAL_DIR; rm -rf "$data"
  env -i PATH="$PATH" etcdutl snapshot restore /tmp/copy --data-dir "$data" --name "$ETCD_NAME" \\
    --initial-cluster "$ETCD_INITIAL_CLUSTER" --initial-cluster-token anew \\
    --initial-advertise-peer-urls "$ETCD_INITIAL_ADVERTISE_PEER_URLS"
  chown -R etcd:etcd "$data"`;

/** How often agents, fronts and Patroni have ended; a server may, when its deadline is over. */
const endings = () =>
  Promise.all(
    cluster().sites.map(async (site) => {
      const { etcd: _, server: __, ...others } = await site.endings();
      return others;
    }),
  );
