import { expect, test } from 'vitest';
import { etcdLeader } from '../support/etcd.ts';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// Two sites, and nobody beside them whose vote could be had (point 8 of the design: without a witness).

const cluster = useCluster({ sites: '2+witness' });

test('the active site and the witness are lost for good: nothing moves by itself, an administrator answers for it, and the site that is left goes on alone; what returns is refused', async () => {
  const active = await untilWell(cluster());
  const left = cluster().sites.find((site) => site !== active)!;
  const witness = cluster().machines.find((machine) => machine.witness)!;
  const lost = [active, witness].map(({ ip }) => ip);
  const survived = await underLoad(cluster(), { title: 'promote' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    expect(await promoteAt(left)).toMatchObject({
      code: 1,
      said: expect.stringContaining('etcd has a majority'),
    });
    load.strike();
    await Promise.all([active.powerOff(), witness.powerOff()]);
    await until('it is known that nothing is known', async () => {
      const { code, said } = await statusAt(left);
      return code === 5 && said.includes('etcd has no majority');
    });
    const asked = await until('it is asked', async () => {
      const { code, said } = await promoteAt(left);
      return code === 1 && said.includes('1. Who has seen') && said;
    });
    const answers = /farol promote --confirm "([^"]+)"/.exec(asked)![1]!;
    expect(answers).toMatch(/^\S+ and \S+ are off, only here, without what only they had$/);
    for (const ip of lost) expect(answers).toContain(ip);
    expect((await promoteAt(left, 'yes')).code).toBe(1);
    expect((await statusOf(left)).primary).not.toBe(left.name);
    const { said } = await promoteAt(left, answers);
    expect(said).toContain('etcd goes on here, alone');
    await untilItLeads(left, said);
    await load.untilFlowing([left.name, 'address'], 180_000);
    expect((await farolAt(left, 'recoveries')).said).toContain('etcd goes on there alone');
    await Promise.all([active.powerOn(), witness.powerOn()]);
    for (const each of [active, witness])
      await until(`etcd refuses ${each.name}`, async () =>
        (await each.log('etcd', 2_000)).includes('permanently removed'),
      );
    await load.untilFlowing([left.name, 'address']);
    expect((await etcdLeader(cluster()))?.name).toBe(left.name);
  });
  expect(survived.violations).toEqual([]);
});

/** With the loss confirmed that is named, where one is; a standby that was named had all, so none is there. */
async function untilItLeads(left: Site, said: string): Promise<void> {
  const [, without] = /farol recover --to \S+ --confirm "([^"]+)"/.exec(said) ?? [];
  if (without === undefined) return;
  await until('it is recovered', async () => {
    return (await farolAt(left, 'recover', '--confirm', without)).code === 0;
  });
}

const promoteAt = (site: Site, confirm?: string) =>
  farolAt(site, 'promote', ...(confirm === undefined ? [] : ['--confirm', confirm]));

/** As an administrator runs it, with nobody at the terminal. */
async function farolAt(site: Site, ...words: string[]): Promise<{ code: number; said: string }> {
  const program = ['/farol/node_modules/node/bin/node', '/farol/failover/main.ts'];
  const config = ['--config', '/etc/farol/failover.yml'];
  const { code, stdout, stderr } = await site.run([...program, ...words, ...config]);
  return { code, said: `${stdout}${stderr}` };
}
