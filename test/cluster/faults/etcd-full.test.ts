import { expect, test } from 'vitest';
import { etcdLeader } from '../support/etcd.ts';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F14: so little that a test can fill it.

const cluster = useCluster({ sites: 3, etcdQuotaBytes: 24 * 1024 * 1024 });

test('before etcd is full its members give back what is old, and nobody waits (F14)', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'etcd fills' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await fillUntilLess(active);
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
  expect(await untilWell(cluster())).toBe(active);
});

// After the other: the members give back what is old every ten minutes at most, unless etcd takes nothing any more.
test('etcd is full and takes no write: status says so, the members give back what is old, and all goes on by itself (F14)', async () => {
  const active = await untilWell(cluster());
  const survived = await underLoad(cluster(), { title: 'etcd full' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    // Whoever would make room at once is held, so that it fills.
    const leader = await until('etcd has a leader', () => etcdLeader(cluster()));
    await leader.signal('STOP', 'agent');
    load.strike();
    await fill(active);
    await until('status says that etcd is full', async () => {
      const asked = cluster().sites.find((site) => site !== leader)!;
      return (await statusAt(asked)).said.includes('etcd is FULL');
    });
    await leader.signal('CONT', 'agent');
    await until('etcd takes writes again', async () => {
      const { etcd } = await statusOf(active);
      return etcd.every(({ answers, noSpace }) => answers && !noSpace);
    });
    await load.untilFlowing(everyTarget(cluster()), 120_000);
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
  expect(await largest(active)).toBeLessThan(0.6);
});

const TLS = '/etc/farol/tls';
const ETCDCTL = `etcdctl --cacert=${TLS}/ca.crt --cert=${TLS}/site.crt --key=${TLS}/site.key`;
/** One key, written again and again: what fills etcd is what was. */
const PUT = `head -c 500000 /dev/urandom | base64 -w0 | ${ETCDCTL} --endpoints=https://127.0.0.1:2379 put filling`;

async function fill(site: Site): Promise<void> {
  await site.must(['bash', '-c', `for i in $(seq 200); do ${PUT} || exit 0; done; exit 1`]);
}

/** Far enough for the agents to act, and no farther. */
async function fillUntilLess(site: Site): Promise<void> {
  let most = 0;
  await until('what is old was given back', async () => {
    const now = await largest(site);
    if (now < most - 0.3) return true;
    most = Math.max(most, now);
    if (now < 0.75) await site.must(['bash', '-c', PUT]);
    return false;
  });
}

/** Of the databases of all members, of what they may take. */
async function largest(site: Site): Promise<number> {
  const endpoints = cluster().machines.map(({ ip }) => `https://${ip}:2379`);
  const printed = await site.must([
    'sh',
    '-c',
    `${ETCDCTL} --endpoints=${endpoints.join()} endpoint status -w json`,
  ]);
  const told = JSON.parse(printed) as { Status: { dbSize: number } }[];
  return (
    Math.max(...told.map(({ Status }) => Status.dbSize)) / Number(cluster().plan.etcdQuotaBytes)
  );
}
