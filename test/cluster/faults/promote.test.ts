import { expect, test } from 'vitest';
import { etcdLeader } from '../support/etcd.ts';
import { serverHealth, statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// Two sites, and nobody beside them whose vote could be had.

const cluster = useCluster({ sites: 2 });

test('two sites without a witness: the active one is lost for good, nothing moves by itself, and an administrator lets the other go on; what returns serves nobody, and is taken in anew', async () => {
  const active = await untilWell(cluster());
  const left = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(cluster(), { title: 'promote' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    expect(await farolAt(left, 'promote')).toMatchObject({
      code: 1,
      said: expect.stringContaining('etcd has a majority'),
    });
    load.strike();
    await active.powerOff();
    await until('it is known that nothing is known', async () => {
      const { code, said } = await statusAt(left);
      return code === 5 && said.includes('etcd has no majority');
    });
    expect((await farolAt(left, 'promote')).said).toContain('silent only since a moment ago');
    const asked = await until(
      'it is asked',
      async () => {
        const { code, said } = await farolAt(left, 'promote');
        return code === 1 && said.includes('1. Who has seen') && said;
      },
      120_000,
    );
    expect(asked).toContain(`it was in /sync when etcd last knew: ${active.name} acknowledged`);
    expect(asked).toMatch(new RegExp(`${active.name} is MISSING: silent for .*position \\d+`));
    const answers = /farol promote --confirm "([^"]+)"/.exec(asked)![1]!;
    expect(asked).toContain('nothing that was acknowledged is lost (0 bytes)');
    expect(answers).toBe(`${active.name} is off, only ${left.name}`);
    expect((await farolAt(left, 'promote', '--confirm', 'yes')).code).toBe(1);
    const promoted = await farolAt(left, 'promote', '--confirm', answers);
    expect(promoted).toMatchObject({ code: 0, said: expect.stringContaining('This site leads') });
    await load.untilFlowing([left.name, 'address'], 180_000);
    expect((await farolAt(left, 'recoveries')).said).toContain(
      `etcd goes on there alone, without ${active.name}`,
    );
    expect((await farolAt(left, 'promote', '--confirm', answers)).said).toContain('alone already');

    await active.powerOn();
    await until(`etcd tells ${active.name} that it was given up`, async () =>
      (await active.log('etcd', 2_000)).includes('permanently removed'),
    );
    await untilSaid(active, `etcd's member of ${active.name} was REMOVED by the others`);
    await untilSaid(left, `etcd goes on at ${left.name} without ${active.name}`);
    await load.untilFlowing([left.name, 'address']);
    // Its etcd is up before its server is.
    const role = await until(
      `the server of ${active.name} says its role`,
      async () => (await serverHealth(active)).role,
    );
    expect(role).not.toBe('writer');
    expect((await etcdLeader(cluster()))?.name).toBe(left.name);

    await takeInAnew(active, left);
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    expect((await untilWell(cluster())).name).toBe(left.name);
    for (const site of [active, left])
      await untilSaid(site, /^(?!.*(REMOVED by|etcd goes on|only LISTENS))/s);
  });
  expect(survived.violations).toEqual([]);
});

test('two sites without a witness: the standby is lost for good, the active one stops, and is let go on alone: nothing is lost', async () => {
  const active = await untilWell(cluster());
  const lost = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(cluster(), { title: 'promote the active' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await lost.powerOff();
    const answers = await until(
      'it is asked',
      async () => {
        const { said } = await farolAt(active, 'promote');
        return /farol promote --confirm "([^"]+)"/.exec(said)?.[1];
      },
      180_000,
    );
    const promoted = await farolAt(active, 'promote', '--confirm', answers);
    expect(promoted).toMatchObject({ code: 0, said: expect.stringContaining('it led last') });
    await load.untilFlowing([active.name, 'address'], 180_000);
    await lost.powerOn();
    await takeInAnew(lost, active);
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
});

test('two sites without a witness: both lose their power, and the standby alone gets it back: it has all that was acknowledged, though its database is not up before etcd is, and is let go on', async () => {
  const active = await untilWell(cluster());
  const left = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(cluster(), { title: 'promote, both dark' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await Promise.all([active.powerOff(), left.powerOff()]);
    await left.powerOn();
    const asked = await until(
      'it is asked',
      async () => {
        const { said } = await farolAt(left, 'promote');
        return said.includes('1. Who has seen') && said;
      },
      240_000,
    );
    expect(asked).toContain('its database is not up, as it cannot be without etcd');
    expect(asked).toContain(`it was in /sync when etcd last knew: ${active.name} acknowledged`);
    expect(asked).toContain('nothing that was acknowledged is lost (0 bytes)');
    const answers = `${active.name} is off, only ${left.name}`;
    const promoted = await farolAt(left, 'promote', '--confirm', answers);
    expect(promoted).toMatchObject({ code: 0, said: expect.stringContaining('This site leads') });
    await load.untilFlowing([left.name, 'address'], 180_000);
    await active.powerOn();
    await takeInAnew(active, left);
    await load.untilFlowing(everyTarget(cluster()), 180_000);
    expect((await untilWell(cluster())).name).toBe(left.name);
  });
  expect(survived.violations).toEqual([]);
});

const untilSaid = (site: Site, words: string | RegExp): Promise<boolean> =>
  until(`the status of ${site.name} says ${words}`, async () => {
    const { said } = await statusAt(site);
    return typeof words === 'string' ? said.includes(words) : words.test(said);
  });

/** As failover/README.md has it. */
async function takeInAnew(returned: Site, left: Site): Promise<void> {
  await returned.must([
    ...['setpriv', '--reuid', 'etcd', '--regid', 'etcd', '--init-groups'],
    ...['sh', '-c', 'echo given up > /var/lib/etcd/farol.replacing'],
  ]);
  await until(`etcd of ${returned.name} may vote`, async () => {
    const listed = await left.must(['sh', '-c', `etcdctl ${OPTIONS} member list`]);
    const [, id] = /^(\w+), started, .*, true$/m.exec(listed) ?? [];
    if (id === undefined)
      return listed.split('\n').filter((line) => line.endsWith('false')).length === 2;
    await left.run(['sh', '-c', `etcdctl ${OPTIONS} member promote ${id}`]);
    return false;
  });
}

const TLS = '/etc/farol/tls';
const OPTIONS = `--endpoints=https://localhost:2379 --cacert=${TLS}/ca.crt --cert=${TLS}/site.crt --key=${TLS}/site.key`;

/** As an administrator runs it, with nobody at the terminal. */
async function farolAt(site: Site, ...words: string[]): Promise<{ code: number; said: string }> {
  const program = ['/farol/node_modules/node/bin/node', '/farol/failover/main.ts'];
  const config = ['--config', '/etc/farol/failover.yml'];
  const { code, stdout, stderr } = await site.run([...program, ...words, ...config]);
  return { code, said: `${stdout}${stderr}` };
}
