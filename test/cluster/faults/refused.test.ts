import { expect, test } from 'vitest';
import { statusAt, statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test('where Patroni cannot run the program that it asks before a promotion, status says at which sites and what to do; then writes go on', async () => {
  const active = await untilWell(cluster());
  const others = othersThan(active);
  const survived = await underLoad(cluster(), { title: 'no node' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    for (const site of others) await replaceNode(site, NODE, '/nowhere/node');
    load.strike();
    await active.powerOff();
    const refused = await until('a promotion came to nothing', () => refusedOf(others));
    const asked = others.find(({ name }) => name !== refused.name)!;
    const { code, said } = await statusAt(asked);
    expect(code).toBe(4);
    expect(said).toContain(`${refused.name} was REFUSED a promotion`);
    expect(said).toContain(`see Patroni's log at ${refused.name}`);
    for (const site of others) await replaceNode(site, '/nowhere/node', NODE);
    await load.untilFlowing([...others.map(({ name }) => name), 'address']);
    await active.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
    await untilWell(cluster());
  });
  expect(survived.violations).toEqual([]);
});

const NODE = '/farol/node_modules/node/bin/node';
const CONFIG = '/etc/patroni/config.yml';

/** As after an update that left no Node where it was. */
async function replaceNode(site: Site, from: string, to: string): Promise<void> {
  await site.must(['sed', '-i', `s#pre_promote: ${from} #pre_promote: ${to} #`, CONFIG]);
  await site.must(['sh', '-c', 'kill -HUP "$(cat /run/units/patroni.pid)"']);
}

async function refusedOf(sites: readonly Site[]): Promise<Site | undefined> {
  const { sites: shown } = await statusOf(sites[0]!);
  const names = shown.filter(({ refused }) => refused?.kind === 'silent').map(({ site }) => site);
  return sites.find(({ name }) => names.includes(name));
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
