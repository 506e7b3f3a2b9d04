import { expect, test } from 'vitest';
import type { AddressConfig } from '../../failover/adapters/address/driver.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// The address where sites share no LAN: BIRD and BIND, as Debian has them, at the third machine.

const cluster = useCluster({ sites: 3, units: [] });
const sites = () => cluster().sites as [Site, Site, Site];

test('BGP: a router sends packets to the site that has the address, and to none when its lease ends by itself', async () => {
  const [a, b, router] = sites();
  await routeBetween([a, b], router);
  await router.must(['sh', '-c', 'ip -o -4 monitor route > /tmp/routes &']);
  const came = (site: Site) => `${ROUTED} via ${site.ip} `;
  const left = (site: Site) => `Deleted ${came(site)}`;
  const seen = async (...inOrder: string[]) => {
    let rest = await router.must(['cat', '/tmp/routes']);
    return inOrder.every((what) => {
      const found = rest.indexOf(what);
      if (found >= 0) rest = rest.slice(found + what.length);
      return found >= 0;
    });
  };
  await hold(a, onLoopback);
  await until('the router goes to a', () => seen(came(a)));
  await drive(a, onLoopback, 'drop');
  await until('the router goes nowhere', () => seen(came(a), left(a)));
  await hold(b, onLoopback, { lifeMs: 4_000 });
  await until('the route to b came, and ended though nobody ended it', () =>
    seen(left(a), came(b), left(b)),
  );
  expect(await router.must(['ip', 'route', 'show', ROUTED])).toBe('');
});

test('DNS: the name leads to the site that claimed last, and who comes late changes nothing', async () => {
  const [a, b, dns] = sites();
  await serveDns(dns, 5301);
  const at = (site: Site) => inDns(site, [`${dns.ip}:5301`]);
  await hold(a, at(a), { claim: 'e7c/10' });
  expect(await leadsTo(dns, 5301)).toEqual([a.ip]);
  await hold(b, at(b), { claim: 'e7c/12' });
  expect(await leadsTo(dns, 5301)).toEqual([b.ip]);
  const late = await drive(a, at(a), 'try', { claim: 'e7c/11' });
  expect(late.code).not.toBe(0);
  expect(late.stderr).toContain('belongs to claim 12');
  expect(await leadsTo(dns, 5301)).toEqual([b.ip]);
});

test('DNS: claims of an etcd that was made anew begin below those of the one before, and hold', async () => {
  const [a, b, dns] = sites();
  await serveDns(dns, 5302);
  await hold(a, inDns(a, [`${dns.ip}:5302`]), { claim: 'e7c/900' });
  await hold(b, inDns(b, [`${dns.ip}:5302`]), { claim: 'f00/3' });
  expect(await leadsTo(dns, 5302)).toEqual([b.ip]);
});

test('DNS: of two servers one is enough, and the other is told when it is back', async () => {
  const [a, , dns] = sites();
  await serveDns(dns, 5303);
  const at = inDns(a, [`${dns.ip}:5303`, `${dns.ip}:5304`]);
  const first = await drive(a, at, 'try');
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('DNS server')]);
  expect(await leadsTo(dns, 5303)).toEqual([a.ip]);
  await serveDns(dns, 5304);
  expect(await drive(a, at, 'try')).toMatchObject({ code: 0, stdout: '' });
  expect(await leadsTo(dns, 5304)).toEqual([a.ip]);
});

test('DNS: who read before another site wrote is refused by the server', async () => {
  const [a, b, dns] = sites();
  await serveDns(dns, 5305);
  const at = inDns(a, [`${dns.ip}:5305`]);
  const claimOfB = [
    `server ${dns.ip} 5305`,
    `zone ${ZONE}.`,
    `update add ${NAME}. 5 A ${b.ip}`,
    `update add _farol-a.${NAME}. 5 TXT "e7c/21"`,
    'send',
  ];
  await write(a, '/tmp/claim-of-b', claimOfB);
  await a.must(['mkdir', '/tmp/late']);
  const late = `/usr/bin/nsupdate -k ${KEY} < /tmp/claim-of-b; exec /usr/bin/nsupdate "$@"`;
  await write(a, '/tmp/late/nsupdate', ['#!/bin/sh', late]);
  await a.must(['chmod', '+x', '/tmp/late/nsupdate']);
  const { code, stderr } = await drive(a, at, 'try', { claim: 'e7c/20', before: '/tmp/late' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('YXRRSET')]);
  expect(await leadsTo(dns, 5305)).toEqual([b.ip]);
});

test('DNS: a key that the server does not take, a note that nobody of us wrote and a server that is silent are told', async () => {
  const [a, , dns] = sites();
  await serveDns(dns, 5306);
  const at = inDns(a, [`${dns.ip}:5306`]);
  await a.must(['sh', '-c', `tsig-keygen farol > /tmp/other-key`]);
  const refused = await drive(a, { ...at, keyFile: '/tmp/other-key' }, 'try');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/BADSIG|BADKEY|REFUSED/),
  ]);
  const foreign = `server ${dns.ip} 5306\nzone ${ZONE}.\nupdate add _farol-a.${NAME}. 60 TXT "hands off"\nsend\n`;
  await a.must(['sh', '-c', `printf '${foreign.replaceAll('\n', '\\n')}' | nsupdate -k ${KEY}`]);
  const strange = await drive(a, at, 'try');
  expect([strange.code, strange.stderr]).toEqual([1, expect.stringContaining('no agent wrote')]);
  const silent = await drive(a, inDns(a, [`${dns.ip}:5399`]), 'try');
  expect([silent.code, silent.stderr]).toEqual([
    1,
    expect.stringContaining(`DNS server ${dns.ip}`),
  ]);
  expect(await leadsTo(dns, 5306)).toEqual([]);
});

test('BGP: the router notices by BFD that a site is dead, long before BGP would', async () => {
  const [a, , router] = sites();
  await a.must(['sh', '-c', 'kill $(cat /tmp/bird.pid)']);
  await router.must(['sh', '-c', 'kill $(cat /tmp/bird.pid)']);
  await routeBetween([a], router, { by: 'bfd' });
  const goesTo = async () => (await router.must(['ip', 'route', 'show', ROUTED])).trim();
  await hold(a, onLoopback);
  await until('the router goes to a', async () => (await goesTo()).includes(`via ${a.ip} `));
  await untilBfd(router, a, 'Up');
  await a.powerOff();
  await until('the router goes nowhere', async () => (await goesTo()) === '');
  await a.powerOn();
});

const ROUTED = '198.51.100.1';
const ZONE = 'farol.example';
const NAME = `chat.${ZONE}`;
const KEY = '/tmp/farol-key';

const onLoopback: AddressConfig = { driver: 'bgp', interface: 'lo', address: `${ROUTED}/32` };

const inDns = (site: Site, servers: string[]) => ({
  driver: 'dns' as const,
  ...{ servers, zone: ZONE, name: NAME, address: site.ip, ttlSeconds: 5, keyFile: KEY },
});

interface Held {
  readonly lifeMs?: number;
  readonly claim?: string;
  /** Where programs stand that are found before the real ones. */
  readonly before?: string;
}

async function hold(site: Site, config: AddressConfig, held: Held = {}): Promise<void> {
  const { code, stdout, stderr } = await drive(site, config, 'try', held);
  if (code !== 0) throw new Error(`${site.name} does not hold it: ${stdout}${stderr}`);
}

function drive(site: Site, config: AddressConfig, action: 'try' | 'drop', held: Held = {}) {
  const { lifeMs = 60_000, claim = 'e7c/1', before = '/nowhere' } = held;
  const program = 'node_modules/node/bin/node test/cluster/support/hold-address.ts "$@"';
  const told = [JSON.stringify(config), action, String(lifeMs), claim];
  return site.run([
    'sh',
    '-c',
    `PATH=${before}:$PATH; cd /farol && exec ${program}`,
    'sh',
    ...told,
  ]);
}

/** Where a neighbour's silence is noticed by BFD, BGP itself would for minutes believe that it lives. */
const NOTICED = {
  bgp: {
    times: 'hold time 3; keepalive time 1; connect retry time 1; error wait time 1, 2;',
    beside: [],
  },
  bfd: {
    times: 'hold time 600; connect retry time 1; error wait time 1, 2; bfd on;',
    beside: ['protocol bfd { interface "*" { interval 100 ms; multiplier 5; }; }'],
  },
};

/** Each site announces the addresses of its loopback interface to the router. */
async function routeBetween(
  announcing: readonly Site[],
  router: Site,
  { by }: { by: keyof typeof NOTICED } = { by: 'bgp' },
): Promise<void> {
  const { times, beside } = NOTICED[by];
  for (const site of announcing)
    await route(site, [
      ...beside,
      'protocol direct { ipv4; interface "lo"; }',
      `protocol bgp up { local ${site.ip} as 65002; neighbor ${router.ip} as 65001; ${times}`,
      '  ipv4 { import none; export filter { if net ~ [198.51.100.0/24{32,32}] then accept; reject; }; }; }',
    ]);
  await route(router, [
    ...beside,
    'protocol kernel { ipv4 { import none; export all; }; }',
    ...announcing.map(
      ({ ip, name }) =>
        `protocol bgp ${name} { local ${router.ip} as 65001; neighbor ${ip} as 65002; ${times} ipv4 { import all; export none; }; }`,
    ),
  ]);
}

const untilBfd = (router: Site, site: Site, state: string) =>
  until(`BFD says ${state}`, async () => {
    const said = await router.must(['birdc', '-s', '/tmp/bird.ctl', 'show', 'bfd', 'sessions']);
    return said.split('\n').some((line) => line.includes(site.ip) && line.includes(state));
  });

async function route(site: Site, protocols: readonly string[]): Promise<void> {
  const config = [`router id ${site.ip};`, 'protocol device { scan time 1; }', ...protocols];
  await write(site, '/tmp/bird.conf', config);
  await site.must(['bird', '-c', '/tmp/bird.conf', '-s', '/tmp/bird.ctl', '-P', '/tmp/bird.pid']);
}

/** A BIND of its own at each port, and its key at every site. */
async function serveDns(at: Site, port: number): Promise<void> {
  const folder = `/tmp/dns-${port}`;
  const key = await at.must([
    'sh',
    '-c',
    `test -e ${KEY} || tsig-keygen farol > ${KEY}; cat ${KEY}`,
  ]);
  for (const site of sites()) await write(site, KEY, [key]);
  await at.must(['mkdir', folder]);
  await write(at, `${folder}/zone`, [
    '$TTL 60',
    `@ SOA ns.${ZONE}. nobody.${ZONE}. 1 60 60 600 5`,
    `@ NS ns.${ZONE}.`,
    `ns A ${at.ip}`,
  ]);
  await write(at, `${folder}/named.conf`, [
    `include "${KEY}"; controls {};`,
    `options { directory "${folder}"; pid-file "${folder}/pid"; session-keyfile "${folder}/session.key"; recursion no;`,
    `  listen-on port ${port} { any; }; listen-on-v6 { none; }; dnssec-validation no; };`,
    `zone "${ZONE}" { type primary; file "${folder}/zone"; allow-update { key farol; }; };`,
  ]);
  await at.must(['named', '-c', `${folder}/named.conf`]);
  await until('the zone is served', async () => {
    const { stdout } = await at.run([
      'dig',
      '+short',
      '+tries=1',
      `@${at.ip}`,
      '-p',
      `${port}`,
      ZONE,
      'SOA',
    ]);
    return stdout.includes('nobody');
  });
}

async function leadsTo(dns: Site, port: number): Promise<string[]> {
  const said = await dns.must(['dig', '+short', `@${dns.ip}`, '-p', String(port), NAME, 'A']);
  return said.split('\n').filter((line) => line !== '');
}

/** Of lines that hold no quote of the shell's. */
async function write(site: Site, file: string, lines: readonly string[]): Promise<void> {
  await site.must(['sh', '-c', 'printf "%s\\n" "$2" > "$1"', 'sh', file, lines.join('\n')]);
}
