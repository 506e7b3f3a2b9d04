import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { SUBNET } from './kept.ts';
import { beginBare, changesOf, firstBackup, say, secondsSince } from './story.ts';

// `npm run test:ansible`: from bare hosts to a cluster, and what it then is. Each test goes on where the one before ended.

const { lab, names, play, mustPlay, goDark } = beginBare();
/** As long as it is false there is nothing for other stories to begin with. */
let isMade = false;
const NOTHING = { localhost: 0, north: 0, south: 0, harbour: 0, vault: 0 };

test('a dry run on bare hosts says what it would do, and does none of it', async () => {
  const { status, said } = await play('site.yml', '--check', '--diff');
  expect(said).not.toContain('fatal:');
  expect(status).toBe(0);
  for (const name of names)
    expect(await lab.on(name, 'ls', '/etc')).not.toMatch(/^(farol|patroni)$/m);
});

test('one playbook makes a cluster of bare hosts, which serves at its address', async () => {
  const began = performance.now();
  await mustPlay('site.yml');
  expect((await lab.status()).writes.kind).toBe('flow');
  say(`bare hosts to a serving cluster: ${secondsSince(began)} s`);
});

test('the first backup comes by itself', async () => {
  await firstBackup(lab);
});

test('a second run changes nothing, nor would a dry one', async () => {
  const began = performance.now();
  const again = await play('site.yml');
  say(`a run that changes nothing: ${secondsSince(began)} s`);
  expect(changesOf(again)).toEqual(NOTHING);
  expect(changesOf(await play('site.yml', '--check', '--diff'))).toEqual(NOTHING);
  isMade = true;
});

test('all hosts are switched off and on again: the cluster is back, as it was', async () => {
  expect(isMade).toBe(true);
  const began = performance.now();
  await goDark();
  say(`shut down, kept as images, and back: ${secondsSince(began)} s`);
  expect(changesOf(await play('site.yml'))).toEqual(NOTHING);
});

test('whoever comes to a host has the command, what completes it, and its page', async () => {
  const told = (order: string) => lab.on('north', 'bash', '-c', order);
  const completed = '. /usr/local/share/bash-completion/completions/farol; complete -p farol';
  expect(await told(completed)).toBe('complete -F _farol farol');
  expect(await told('head -1 /usr/local/share/man/man1/farol.1')).toBe('.TH FAROL 1');
  expect(await told('farol logs --since=-1d')).toContain('the agent watches');
});

test('no program of Farol has more rights than its unit needs', async () => {
  const exposure = async (unit: string) => {
    const told = await lab.on('north', 'systemd-analyze', 'security', '--no-pager', unit);
    return Number(/exposure level for \S+: ([\d.]+)/.exec(told)?.[1]);
  };
  expect(await exposure('farol-server')).toBeLessThanOrEqual(2);
  expect(await exposure('farol-front')).toBeLessThanOrEqual(2);
  expect(await exposure('farol-agent')).toBeLessThanOrEqual(3);
  expect(await exposure('farol-turn')).toBeLessThanOrEqual(2);
});

test('only hosts of the cluster reach etcd, PostgreSQL and Patroni; everybody reaches the front', async () => {
  const reaches = async (port: number) =>
    (await lab.on('north', 'sh', '-c', knock(lab.hosts[1]!.ip, port))) === 'open';
  for (const port of [2379, 5432, 8010, 443])
    expect([port, await reaches(port)]).toEqual([port, true]);
  const stranger = (port: number) =>
    execFileSync('bash', ['-c', knock(lab.hosts[1]!.ip, port)], { encoding: 'utf8' }).trim();
  expect(stranger(443)).toBe('open');
  for (const port of [2379, 5432, 8010]) expect([port, stranger(port)]).toEqual([port, 'closed']);
});

test('whoever monitors is told what each site measures, and nobody else is', async () => {
  for (const { ip } of lab.hosts.filter(({ backups }) => !backups)) {
    const measured = async (port: number) => (await fetch(`http://${ip}:${port}/metrics`)).text();
    const farol = await measured(9788);
    for (const program of ['agent', 'server', 'front', 'etcd'])
      expect(farol).toContain(`farol_up{program="${program}"} 1`);
    expect(farol).toContain('farol_disk_watched{site="north"} 1');
    expect(await measured(9100)).toContain('node_filesystem_avail_bytes');
    for (const port of [9788, 9100])
      expect(await lab.on('vault', 'sh', '-c', knock(ip, port))).toBe('closed');
  }
});

test('that a site is on battery is known to all, and to the other host of its UPS', async () => {
  const [first, second] = names;
  const power = async () => {
    const { sites } = await lab.status();
    return [first, second].map((name) => sites.find(({ site }) => site === name)?.power);
  };
  const supply = (from: string, to: string) =>
    lab.on(first!, 'sed', '-i', `s/${from}/${to}/`, '/var/lib/lab/ups.dev');
  const both = (is: string) =>
    until(`both are on ${is}`, async () => (await power()).every((one) => one === is), 120_000);
  await both('mains');
  await supply('OL', 'OB DISCHRG');
  await both('battery');
  await until(
    'NUT at the other host says so, which would shut it down in the end',
    async () => (await lab.on(second!, 'journalctl', '-u', 'nut-monitor')).includes('on battery'),
    120_000,
  );
  await supply('OB DISCHRG', 'OL');
  await both('mains');
});

test('a door that the agent has shut stays shut, whatever is reloaded', async () => {
  const { leader } = await lab.status();
  const host = names.find((name) => name !== leader)!;
  // As an agent's, but for an address of nobody: one that has just given the address away opens its own behind that.
  const door = `INPUT -d ${SUBNET}.99/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP`;
  const order = (...words: string[]) => lab.on(host, 'sh', '-c', words.join(' '));
  await order('iptables -A', door);
  await order('systemctl reload farol-firewall && systemctl restart farol-firewall');
  expect(await order('iptables -S INPUT')).toContain(door);
  // Debian's own file begins with `flush ruleset`. Without that it is loaded, with it no longer.
  await order("sed -i 's/^flush ruleset/#&/' /etc/nftables.conf && systemctl restart nftables");
  await order("sed -i 's/^#flush ruleset/flush ruleset/' /etc/nftables.conf");
  for (const verb of ['reload', 'restart', 'start']) await order('! systemctl', verb, 'nftables');
  await order('systemctl stop nftables');
  expect(await order('iptables -S INPUT')).toContain(door);
  await order('iptables -D', door);
});

const knock = (ip: string, port: number) =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${ip}/${port}' 2> /dev/null && echo open || echo closed`;
