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

test('the address ends before its lease, however long iptables and ip take', async () => {
  const [site] = cluster().sites as [Site];
  const slowly = `sleep 0.7; exec`;
  await replace(site, { iptables: `${slowly} /usr/sbin/iptables`, ip: `${slowly} /usr/sbin/ip` });
  const { stdout } = await drive(site, [addressOfV4(103), 'outlive', '4000'], REPLACED);
  expect(stdout).toContain('ended in time');
});

test('a door whose rule cannot be taken away is not open: the address is not held behind it', async () => {
  const [site] = cluster().sites as [Site];
  const address = addressOfV4(104);
  expect((await drive(site, [address, 'refuse'])).code).toBe(0);
  // As iptables ends when another program holds its lock for too long.
  const program = 'case "$*" in *-D*) exit 4;; esac; exec /usr/sbin/iptables';
  await replace(site, { iptables: program });
  expect((await drive(site, [address, 'try'], REPLACED)).code).not.toBe(0);
  expect(await shown(site, address)).toBe('');
  await drive(site, [address, 'drop']);
  expect(await site.must(['iptables', '-S', 'INPUT'])).not.toContain(bare(address));
});

test('an address is known and let go however it is spelled', async () => {
  const [site] = cluster().sites as [Site];
  const address = `${cluster().lan.ipv6(105)}/64`;
  const spelled = address.toUpperCase().replace('::', ':0:0::0:');
  await hold(site, spelled, address);
  expect((await drive(site, [spelled, 'drop'])).code).toBe(0);
  expect(await shown(site, address)).toBe('');
});

test("a site's own connections never come from the address, by IPv6 neither", async () => {
  const [site] = cluster().sites as [Site];
  for (const address of [addressOfV4(106), `${cluster().lan.ipv6(106)}/64`]) {
    await hold(site, address);
    const neighbour = address.includes(':') ? cluster().lan.ipv6(1) : cluster().lan.ip(1);
    const route = await site.must(['ip', 'route', 'get', neighbour]);
    expect(route).toMatch(/ src /);
    expect(route).not.toContain(`src ${bare(address)} `);
  }
});

test('an IPv4 and an IPv6 address on one interface come, are told, refuse and go together', async () => {
  const [site, , neighbour] = cluster().sites as [Site, Site, Site];
  const both = pairOf(107);
  await hold(site, both.join(), both[0]);
  for (const address of both) {
    await until(`the neighbour reaches ${address}`, async () => {
      const { code } = await neighbour.run(['ping', '-c', '1', '-W', '1', bare(address)]);
      return code === 0;
    });
    expect(await whoHas(address, neighbour)).toBe(await hardwareOf(site));
  }
  expect((await drive(site, [both.join(), 'refuse'])).code).toBe(0);
  expect(await doors(site)).toEqual([
    expect.stringContaining(bare(both[0])),
    expect.stringContaining(bare(both[1])),
  ]);
  expect((await drive(site, [both.join(), 'drop'])).code).toBe(0);
  for (const address of both) expect(await shown(site, address)).toBe('');
  for (const rules of await doors(site)) expect(rules).not.toContain('DROP');
});

test('of two addresses both end before the lease when nobody prolongs them', async () => {
  const [site] = cluster().sites as [Site];
  const { stdout } = await drive(site, [pairOf(108).join(), 'outlive', '4000']);
  expect(stdout).toContain('ended in time');
});

test('where one of two addresses cannot be held the other is, and it is said which fails', async () => {
  const [site] = cluster().sites as [Site];
  const [v4, v6] = pairOf(109);
  // As on an interface where IPv6 was switched off.
  const program = `case "$*" in *replace*:*) echo no IPv6 >&2; exit 2;; esac; exec /usr/sbin/ip`;
  await replace(site, { ip: program });
  const { code, stderr } = await drive(site, [`${v4},${v6}`, 'try'], REPLACED);
  expect([code, stderr]).toEqual([1, expect.stringContaining(bare(v6))]);
  expect(await shown(site, v4)).not.toBe('');
  expect(await shown(site, v6)).toBe('');
});

test('an address whose lifetime ends right before it is dropped is dropped; one that stays is told', async () => {
  const [site] = cluster().sites as [Site];
  const address = addressOfV4(110);
  const deleting = (otherwise: string) =>
    `case "$*" in *delete*) ${otherwise};; esac; exec /usr/sbin/ip`;
  await drive(site, [address, 'try']);
  await replace(site, { ip: deleting('exit 2') });
  expect((await drive(site, [address, 'drop'], REPLACED)).code).not.toBe(0);
  await replace(site, { ip: deleting('/usr/sbin/ip "$@"') });
  expect((await drive(site, [address, 'drop'], REPLACED)).code).toBe(0);
  expect(await shown(site, address)).toBe('');
});

const TOLD_MS = 14_000;
const addressOfV4 = (host: number) => `${cluster().lan.ip(host)}/24`;
const pairOf = (host: number): [v4: string, v6: string] => [
  addressOfV4(host),
  `${cluster().lan.ipv6(host)}/64`,
];

/** Where programs that behave badly stand before the real ones. */
const REPLACED = '/tmp/replaced';

async function replace(site: Site, programs: Readonly<Record<string, string>>): Promise<void> {
  const write = Object.entries(programs).map(
    ([name, script]) => `printf '#!/bin/sh\\n%s "$@"\\n' '${script}' > ${REPLACED}/${name}`,
  );
  await site.must(['rm', '-rf', REPLACED]);
  await site.must(['sh', '-c', `mkdir ${REPLACED}; ${write.join('; ')}; chmod +x ${REPLACED}/*`]);
}

const DRIVER =
  'cd /farol && exec node_modules/node/bin/node test/cluster/support/hold-address.ts "$@"';

/** Runs the driver to its end. */
function drive(site: Site, options: readonly string[], before = '/nowhere') {
  return site.run(['sh', '-c', `PATH=${before}:$PATH; ${DRIVER}`, 'sh', ...options]);
}

const shown = (site: Site, address: string) =>
  site.must(['ip', '-o', 'address', 'show', 'to', bare(address)]);

/** What drops packets, by IPv4 and by IPv6. */
const doors = (site: Site) =>
  Promise.all(['iptables', 'ip6tables'].map((program) => site.must([program, '-S', 'INPUT'])));

/** Until its lifetime is over; it does not outlive this file. */
async function hold(site: Site, spelled: string, address = spelled): Promise<void> {
  const program = `${DRIVER} > ${logOf(address)} 2>&1`;
  // The machine may be so young that its log folder is not there yet.
  const command = `mkdir -p /var/log/farol && (${program}) &`;
  await site.must(['sh', '-c', command, 'sh', spelled, 'hold']);
  await until(`${site.name} has ${address}`, async () => (await shown(site, address)) !== '');
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
