import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { underLoad } from './load.ts';
import { beginBare, changesOf, say } from './story.ts';

// Sites that share no LAN: a name in a zone that takes updates, and a program of the administrator's, lead to the site that leads.

const { lab, names, play, mustPlay } = beginBare({});
const ZONE = 'example.org';
const NAME = `chat.${ZONE}`;
const PROGRAM = '/usr/local/bin/move-address';
const KEY = join(lab.folder, 'dns.key');

/** As an inventory of such sites tells it. */
const told = [
  '--extra-vars',
  JSON.stringify({
    farol_addresses: [],
    farol_dns_key: KEY,
    farol_address_drivers: [
      {
        ...{ driver: 'dns', servers: [lab.ipOf('vault')], zone: ZONE, name: NAME },
        ...{ address: '{{ farol_ip }}', ttlSeconds: 5 },
      },
      { driver: 'hook', address: lab.address, command: [PROGRAM] },
    ],
  }),
];

beforeAll(async () => {
  await serveNames();
  for (const name of names) {
    await write(name, PROGRAM, MOVE_ADDRESS);
    await lab.on(name, 'chmod', '755', PROGRAM);
  }
});

test('bare hosts become a cluster to which a name and a program lead, and a second run changes nothing', async () => {
  await mustPlay('site.yml', ...told);
  await bothLeadTo((await lab.status()).leader);
  const changed = changesOf(await play('site.yml', ...told));
  expect(new Set(Object.values(changed))).toEqual(new Set([0]));
});

test('both lead to another site behind a planned switchover, and behind the loss of the site that leads', async () => {
  const planned = await underLoad(lab, () => mustPlay('switchover.yml', ...told));
  say(`switchover by a name and a program: ${JSON.stringify(planned)}`);
  expect(planned.violations).toEqual([]);
  const { leader } = await lab.status();
  await bothLeadTo(leader);

  lab.losePower(leader);
  await until('another site has both ways', async () => {
    const [at, ...others] = await waysLeadTo();
    return at !== leader && others.length === 0;
  });
  lab.restorePower(leader);
});

const bothLeadTo = (site: string) =>
  until(`both lead to ${site} alone`, async () => {
    const [at, ...others] = await waysLeadTo();
    return at === site && others.length === 0;
  });

/** The sites to which the name leads, and those that have the address that the program moves. */
async function waysLeadTo(): Promise<string[]> {
  const found = await lab.on('vault', 'dig', '+short', `@${lab.ipOf('vault')}`, NAME, 'A');
  const named = found.split('\n').map((ip) => lab.hosts.find((host) => host.ip === ip)?.name ?? ip);
  const held: string[] = [];
  for (const name of names) {
    const shown = await lab.on(name, 'ip', '-4', '-o', 'address', 'show').catch(() => '');
    if (shown.includes(` ${lab.address}/`)) held.push(name);
  }
  return [...new Set([...named, ...held])];
}

/** BIND at the host for backups, which all ask for names from now on. */
async function serveNames(): Promise<void> {
  await lab.on('vault', 'sh', '-c', 'apt-get update && apt-get install -y bind9 bind9-dnsutils');
  const key = await lab.on('vault', 'tsig-keygen', 'farol');
  writeFileSync(KEY, `${key}\n`);
  await write('vault', '/var/lib/bind/zone', [
    '$TTL 60',
    `@ SOA ns.${ZONE}. nobody.${ZONE}. 1 60 60 600 5`,
    `@ NS ns.${ZONE}.`,
    `ns A ${lab.ipOf('vault')}`,
  ]);
  await write('vault', '/etc/bind/named.conf', [
    key,
    'options { directory "/var/cache/bind"; recursion yes; allow-query { any; }; allow-recursion { any; };',
    '  forwarders { 127.0.0.11; }; forward only; dnssec-validation no; listen-on-v6 { none; }; };',
    `zone "${ZONE}" { type primary; file "/var/lib/bind/zone"; allow-update { key farol; }; };`,
  ]);
  const own = 'chown -R bind:bind /var/lib/bind && systemctl restart named';
  await lab.on('vault', 'sh', '-c', own);
  for (const name of names)
    await write(name, '/etc/resolv.conf', [`nameserver ${lab.ipOf('vault')}`]);
}

/** What a provider's interface would do is done on the network of the lab. */
const MOVE_ADDRESS = [
  '#!/bin/sh',
  'case $1 in',
  '  claim) ip address replace "$FAROL_ADDRESS/24" dev eth0 && arping -q -c 1 -A -I eth0 "$FAROL_ADDRESS" ;;',
  '  release) ip address del "$FAROL_ADDRESS/24" dev eth0 2> /dev/null || true ;;',
  '  status) ip -4 -o address show dev eth0 | grep -q " $FAROL_ADDRESS/" ;;',
  'esac',
];

async function write(host: string, file: string, lines: readonly string[]): Promise<void> {
  await lab.on(host, ...['sh', '-c', 'printf "%s\\n" "$2" > "$1"', 'sh', file, lines.join('\n')]);
}
