import { expect, test } from 'vitest';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// The address on a real LAN, with nothing else running: what its neighbours know is what counts.

const cluster = useCluster({ sites: 3, units: [], ipv6: true });

const families = [
  { protocol: 'ARP', addressOf: (host: number) => `${cluster().lan.ip(host)}/24` },
  { protocol: 'NDP', addressOf: (host: number) => `${cluster().lan.ipv6(host)}/64` },
];

test.each(families)(
  '$protocol: a neighbour learns of the new site by itself, though the old one left without a word',
  async ({ addressOf }) => {
    const [address, [a, b, neighbour]] = [addressOf(101), cluster().sites as [Site, Site, Site]];
    await hold(a, address);
    await until('the neighbour reaches it', async () => {
      const { code } = await neighbour.run(['ping', '-c', '1', '-W', '1', bare(address)]);
      return code === 0;
    });
    expect(await whoHas(address, neighbour)).toBe(await hardwareOf(a));
    await a.cutNetwork();
    await hold(b, address);
    // It asks nobody here, and what it knows it believes for 15 s at least: only being told is faster.
    const there = await hardwareOf(b);
    await until('it is told', async () => (await whoHas(address, neighbour)) === there, TOLD_MS);
    await a.healNetwork();
  },
);

test.each(families)(
  '$protocol: that another host has the address too is noticed by both',
  async ({ addressOf }) => {
    const [address, [a, b]] = [addressOf(102), cluster().sites as [Site, Site]];
    await hold(a, address);
    await hold(b, address);
    for (const site of [a, b])
      await until(`${site.name} notices`, async () =>
        (await site.must(['cat', logOf(address)])).includes('another host answers'),
      );
  },
);

const TOLD_MS = 10_000;

/** Until its lifetime is over; it does not outlive this file. */
async function hold(site: Site, address: string): Promise<void> {
  const program = 'node_modules/node/bin/node test/cluster/support/hold-address.ts';
  await site.must(['sh', '-c', `cd /farol && ${program} ${address} > ${logOf(address)} 2>&1 &`]);
  await until(`${site.name} has ${address}`, async () =>
    (await site.must(['ip', '-o', 'address', 'show', 'dev', 'eth0'])).includes(address),
  );
}

const logOf = (address: string) => `/var/log/farol/address-${bare(address)}.log`;
const bare = (address: string) => address.replace(/\/.*/, '');
const hardwareOf = async (site: Site) =>
  (await site.must(['cat', '/sys/class/net/eth0/address'])).trim();

/** The hardware address that the neighbour would send to. */
async function whoHas(address: string, neighbour: Site): Promise<string | undefined> {
  const known = await neighbour.must(['ip', 'neighbour', 'show', bare(address)]);
  return /lladdr (\S+)/.exec(known)?.[1];
}
