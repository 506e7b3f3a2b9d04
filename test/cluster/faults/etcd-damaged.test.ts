import { expect, test } from 'vitest';
import { etcdLeader } from '../support/etcd.ts';
import { statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// F5: what a power cut leaves of the data of an etcd member.

const cluster = useCluster({ sites: 3 });

const DAMAGES: readonly { title: string; damage: string; why: string }[] = [
  {
    title: 'has lost the end of what it had confirmed',
    damage: `python3 - <<'PY'
import glob
path = sorted(glob.glob('/var/lib/etcd/farol/member/wal/*.wal'))[-1]
log = bytearray(open(path, 'rb').read())
end = len(log.rstrip(b'\\0'))
log[end - 20000:end] = bytes(20000)
open(path, 'wb').write(log)
PY`,
    why: 'its log',
  },
  {
    title: 'is damaged in its middle',
    damage: `python3 - <<'PY'
import glob
path = sorted(glob.glob('/var/lib/etcd/farol/member/wal/*.wal'))[-1]
log = bytearray(open(path, 'rb').read())
end = len(log.rstrip(b'\\0'))
for at in range(end // 2, end // 2 + 64): log[at] ^= 255
open(path, 'wb').write(log)
PY`,
    why: 'its log',
  },
];

for (const { title, damage, why } of DAMAGES)
  test(`the log of an etcd member ${title} after a power cut: it does not start on that, and is replaced from the others by itself (F5)`, async () => {
    const active = await untilWell(cluster());
    const [one] = othersThan(active);
    const before = await memberOf(one);
    const survived = await underLoad(cluster(), { title: 'etcd damaged' }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await one.must(['touch', '/run/units/etcd.off']);
      await one.signal('KILL', 'etcd');
      await one.must(['bash', '-c', damage]);
      await one.powerOff();
      await load.untilFlowing(everyTarget(cluster()).filter((name) => name !== one.name));
      await one.powerOn();
      await until('status at another site says that it was replaced, and why', async () => {
        const { said } = await statusAt(active);
        return said.includes(`etcd's member of ${one.name} was replaced`) && said.includes(why);
      });
      await until('it is there, as another member', async () => (await memberOf(one)) !== before);
      await load.untilFlowing(everyTarget(cluster()));
      await untilWell(cluster());
    });
    expect(survived.violations).toEqual([]);
    expect(await one.must(['ls', '/var/lib/etcd/farol.damaged'])).toContain('wal');
    await untilEachIsNeeded(one, active);
  });

test('while the others of etcd have no majority a damaged member waits, and status says so; then it is replaced (F5)', async () => {
  const active = await untilWell(cluster());
  const [one, other] = othersThan(active);
  await one.must(['touch', '/run/units/etcd.off']);
  await one.signal('KILL', 'etcd');
  await one.must(['bash', '-c', DAMAGES[1]!.damage]);
  await other.powerOff();
  await one.start('etcd');
  await until('it says that it waits', async () => {
    const { stdout } = await one.run(['cat', '/run/farol/etcd/last.json']);
    return stdout.includes('"waits"');
  });
  expect(await one.must(['ls', '/var/lib/etcd/farol/member'])).toContain('wal');
  await other.powerOn();
  await untilWell(cluster());
  await until('it was replaced', async () =>
    (await statusAt(active)).said.includes(`etcd's member of ${one.name} was replaced`),
  );
  await untilWell(cluster());
});

/** It is a member like any: with another one away the two that are left go on. */
async function untilEachIsNeeded(one: Site, active: Site): Promise<void> {
  const third = cluster().machines.find((each) => each !== one && each !== active)!;
  await third.stop('etcd');
  await until('etcd is led without the third', async () => {
    const leader = await etcdLeader(cluster());
    return leader !== undefined && leader !== third;
  });
  await untilWell(cluster());
  await third.start('etcd');
  await untilWell(cluster());
}

const TLS = '/etc/farol/tls';
const ETCDCTL = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${TLS}/ca.crt --cert=${TLS}/site.crt --key=${TLS}/site.key`;

const memberOf = (site: Site): Promise<string> =>
  site.must(['sh', '-c', `${ETCDCTL} endpoint status -w fields | grep MemberID`]);

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
