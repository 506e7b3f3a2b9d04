import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { buildRelease } from '../release/build.ts';
import { ansible, type Ended } from '../test/ansible.ts';
import { underLoad } from './load.ts';
import { raiseLab } from './machines.ts';

// `npm run test:ansible`: one story, from bare hosts to a lost site. Each test goes on where the one before ended.

const folder = mkdtempSync(join(tmpdir(), 'farol-provisioned-'));
const checkout = join(import.meta.dirname, '../..');
const release = buildRelease({ checkout, into: join(folder, 'release'), say: () => {} });
const lab = raiseLab({
  name: `farol-test-ansible-${process.pid}`,
  subnet: `10.231.${100 + (process.pid % 100)}`,
  sites: ['north', 'south', 'harbour'],
  backups: ['vault'],
  release: release.archive,
  folder,
});
const names = lab.hosts.filter(({ backups }) => !backups).map(({ name }) => name);

afterAll(() => {
  lab.remove();
  rmSync(folder, { recursive: true });
});

test('a dry run on bare hosts says what it would do, and does none of it', async () => {
  const { status, said } = await play('site.yml', '--check', '--diff');
  expect(said).not.toContain('fatal:');
  expect(status).toBe(0);
  for (const name of names)
    expect(await lab.on(name, 'ls', '/etc')).not.toMatch(/^(farol|patroni)$/m);
});

test('one playbook makes a cluster of bare hosts, which serves at its address', async () => {
  const began = performance.now();
  const ended = await play('site.yml');
  expect(ended.said).not.toContain('fatal:');
  expect(ended.status).toBe(0);
  expect((await lab.status()).writes.kind).toBe('flow');
  say(`bare hosts to a serving cluster: ${secondsSince(began)} s`);
});

test('a second run changes nothing, nor would a dry one', async () => {
  const began = performance.now();
  const again = await play('site.yml');
  say(`a run that changes nothing: ${secondsSince(began)} s`);
  expect(changesOf(again)).toEqual({
    localhost: 0,
    north: 0,
    south: 0,
    harbour: 0,
    vault: 0,
  });
  expect(changesOf(await play('site.yml', '--check', '--diff'))).toEqual(changesOf(again));
});

test('no program of Farol has more rights than its unit needs', async () => {
  const exposure = async (unit: string) => {
    const told = await lab.on('north', 'systemd-analyze', 'security', '--no-pager', unit);
    return Number(/exposure level for \S+: ([\d.]+)/.exec(told)?.[1]);
  };
  expect(await exposure('farol-server')).toBeLessThanOrEqual(2);
  expect(await exposure('farol-front')).toBeLessThanOrEqual(2);
  expect(await exposure('farol-agent')).toBeLessThanOrEqual(3);
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
  const door = `INPUT -d ${lab.address}/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP`;
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

test('a backup is made, can be read by nobody else, and holds what the primary held', async () => {
  const made = await play('backup-now.yml', '--extra-vars', 'kind=full');
  expect(made.said).not.toContain('fatal:');
  expect(made.said).toContain('full backup:');
  await lab.on('vault', 'sh', '-c', 'test -d /srv/farol-backup/lab/backup/farol');
  // Whatever is not encrypted has such words in it.
  await lab.on('vault', 'sh', '-c', '! grep -rqlE "m.room|system-id" /srv/farol-backup/lab');
  const restored = await play('restore-test.yml');
  expect(restored.said).not.toContain('fatal:');
  expect(restored.said).toContain('holds exactly what the primary held');
  expect(restored.status).toBe(0);
});

test('a host of backups that is away is named, and keeps nobody from leading or writing', async () => {
  await lab.on('vault', 'systemctl', 'stop', 'ssh', 'ssh.socket');
  try {
    const refused = await play('backup-now.yml');
    expect(refused.said).toContain('the repository does not answer');
    expect(refused.status).not.toBe(0);
    // The lab's hosts are not reached by SSH: so it cannot tell its keys either.
    await lab.on('vault', 'mv', '/etc/ssh', '/etc/ssh.away');
    const mended = await play('site.yml');
    expect(mended.said).not.toContain('fatal:');
    expect(mended.said).toContain('WARNING: vault, which keeps the backups, does not answer');
    expect(mended.status).toBe(0);
    await lab.on('vault', 'mv', '/etc/ssh.away', '/etc/ssh');
    const drilled = await play('drill.yml');
    expect(drilled.said).not.toContain('fatal:');
    expect(drilled.said).toContain('the log stood at ');
    const [kept] = readdirSync(join(folder, 'drills'));
    say(`drill: ${readFileSync(join(folder, 'drills', kept!), 'utf8')}`);
  } finally {
    await lab.on('vault', 'systemctl', 'start', 'ssh');
  }
});

test('changed settings are taken up site by site, and no request fails', async () => {
  const changed = { farol_shared_buffers: '160MB', farol_wal_keep: '192MB' };
  const felt = await underLoad(lab, async () => {
    const ended = await play('site.yml', '--extra-vars', JSON.stringify(changed));
    expect(ended.said).not.toContain('fatal:');
    expect(ended.said).toContain('postgresql.parameters.wal_keep_size: 128MB -> 192MB');
    expect(ended.status).toBe(0);
  });
  say(`shared_buffers changed: ${JSON.stringify(felt)}`);
  for (const name of names) {
    expect(await lab.sql(name, 'SHOW shared_buffers')).toEqual(['160MB']);
    expect(await lab.sql(name, 'SHOW wal_keep_size')).toEqual(['192MB']);
  }
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
});

test('a release is taken up site by site and given up again, and no request fails', async () => {
  const next = renamed(release.archive, release.name, 'next');
  const kept = ['--extra-vars', 'farol_shared_buffers=160MB farol_wal_keep=192MB'];
  const felt = await underLoad(lab, async () => {
    const up = await play('upgrade.yml', ...kept, '--extra-vars', `farol_release=${next.archive}`);
    expect(up.said).not.toContain('fatal:');
    for (const name of names) expect(await running(name)).toEqual([next.name]);
    const back = await play('rollback.yml', ...kept);
    expect(back.said).not.toContain('fatal:');
    for (const name of names) expect(await running(name)).toEqual([release.name]);
  });
  say(`upgrade and rollback: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
});

test('all hosts get new keys, and then certificates of another authority, and no request fails', async () => {
  const rotate = async (...options: string[]) => {
    const felt = await underLoad(lab, async () => {
      const ended = await play('rotate-certificates.yml', ...options);
      expect(ended.said).not.toContain('fatal:');
      expect(ended.status).toBe(0);
    });
    say(`rotate-certificates ${options.at(-1) ?? ''}: ${JSON.stringify(felt)}`);
    expect(felt.violations).toEqual([]);
    expect(felt.failed).toEqual({});
  };
  const asked = (name: string, what: string) =>
    lab.on(name, 'openssl', 'x509', '-noout', '-in', '/etc/farol/tls/site.crt', what);
  const keys = () => Promise.all(names.map((name) => asked(name, '-pubkey')));
  const before = await keys();
  await rotate();
  for (const [index, key] of (await keys()).entries()) expect(key).not.toBe(before[index]);
  await rotate('--extra-vars', 'authority=prepare');
  await rotate('--extra-vars', 'authority=switch');
  for (const name of names) {
    expect(await asked(name, '-issuer')).toMatch(/Farol cluster lab \d{4}-\d\d-\d\d$/);
    expect(await lab.on(name, 'grep', '-c', 'BEGIN', '/etc/farol/tls/ca.crt')).toBe('1');
  }
  expect(readdirSync(join(folder, 'secrets')).filter((name) => name.includes('ca.'))).toEqual([
    'ca.crt',
    'ca.key',
  ]);
});

test('another secret seals the signing key, and other backups begin, and no request fails', async () => {
  const sealed = async () => {
    const query = "SELECT encode(sealed, 'hex') FROM server_identity";
    return (await lab.sql((await lab.status()).primary, query))[0];
  };
  const before = await sealed();
  const felt = await underLoad(lab, async () => {
    for (const what of ['secret', 'backup']) {
      const ended = await play('rotate-secrets.yml', '--extra-vars', `what=${what} drop=true`);
      expect(ended.said).not.toContain('fatal:');
      expect(ended.status).toBe(0);
    }
  });
  say(`rotate-secrets: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
  expect(await sealed()).not.toBe(before);
  const given = await Promise.all(
    names.map((name) => lab.on(name, 'cat', '/etc/farol/tls/secret')),
  );
  const own = readFileSync(join(folder, 'secrets/secret'), 'utf8').trim();
  expect(given).toEqual(names.map(() => own));
  await lab.on('vault', 'sh', '-c', '! test -e /srv/farol-backup/lab/backup');
  await lab.on('vault', 'sh', '-c', 'test -d /srv/farol-backup/lab.*/backup/farol');
});

test('all hosts are restarted, one after the other, and no request fails', async () => {
  const felt = await underLoad(lab, async () => {
    const ended = await play('upgrade-os.yml', '--extra-vars', 'reboot=always');
    expect(ended.said).not.toContain('fatal:');
    expect(ended.status).toBe(0);
  });
  say(`all hosts restarted: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
});

test('a site becomes the witness of the other two, and a site again, and no request fails', async () => {
  const { leader } = await lab.status();
  const settings = async () => {
    const asked = 'curl -s --cacert $T/ca.crt --cert $T/site.crt --key $T/site.key $U/config';
    const url = `https://${lab.hosts.find(({ name }) => name !== leader)!.ip}:8010`;
    const host = names.find((name) => name !== leader)!;
    const told = await lab.on(host, 'sh', '-c', `T=/etc/farol/tls U=${url}; ${asked}`);
    const { synchronous_mode: mode, synchronous_mode_strict: strict } = JSON.parse(told);
    return { mode, strict };
  };
  const felt = await underLoad(lab, async () => {
    const inventory = lab.withWitness(leader);
    const mistaken = await playWith(inventory, 'site.yml');
    expect(mistaken.said).toContain(`remove-site.yml -e site=${leader}`);
    const removed = await playWith(inventory, 'remove-site.yml', '-e', `site=${leader}`);
    expect(removed.said).not.toContain('fatal:');
    expect((await lab.status()).sites.find(({ site }) => site === leader)!.postgres).toBeNull();
    expect(await settings()).toEqual({ mode: true, strict: false });
    const added = await play('add-site.yml', '-e', `site=${leader}`);
    expect(added.said).not.toContain('fatal:');
    expect(await settings()).toEqual({ mode: 'quorum', strict: true });
  });
  say(`a site less, and one more: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
  expect(changesOf(await play('site.yml'))[leader]).toBe(0);
});

test('a new machine takes the place of a lost one, and no request fails', async () => {
  const { leader } = await lab.status();
  const lost = names.find((name) => name !== leader)!;
  lab.losePower(lost);
  const silentMs = async () =>
    (await lab.status()).sites.find(({ site }) => site === lost)?.silentMs ?? 0;
  await until(`${lost} was long not heard`, async () => (await silentMs()) > 60_000, 180_000);
  lab.replace(lost);
  const refused = await play('site.yml');
  expect(refused.said).toContain(`replace-site.yml -e site=${lost}`);
  const felt = await underLoad(lab, async () => {
    const ended = await play('replace-site.yml', '--extra-vars', `site=${lost}`);
    expect(ended.said).not.toContain('fatal:');
    expect(ended.status).toBe(0);
  });
  say(`replaced ${lost}: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
  expect(felt.failed).toEqual({});
  expect(changesOf(await play('site.yml'))[lost]).toBe(0);
});

test('the site that leads loses its power: another serves, and the first one comes back by itself', async () => {
  const { leader } = await lab.status();
  const felt = await underLoad(lab, async () => {
    lab.losePower(leader);
    await until(
      'another site leads and writes flow',
      async () => {
        const status = await lab.status();
        return status.leader !== leader && status.writes.kind === 'flow';
      },
      180_000,
    );
    lab.restorePower(leader);
    await until(
      'the lost site takes part again',
      async () => {
        const { sites } = await lab.status();
        return sites.some(
          ({ site, postgres }) => site === leader && postgres?.state === 'streaming',
        );
      },
      300_000,
    );
  });
  say(`power lost: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
});

let runs = 0;

/** What it printed is kept in `.cache/provisioned`, for whoever must find out more. */
const play = (playbook: string, ...options: string[]): Promise<Ended> =>
  playWith(lab.inventory, playbook, ...options);

async function playWith(inventory: string, playbook: string, ...options: string[]): Promise<Ended> {
  const ended = await ansible('ansible-playbook', '--inventory', inventory, playbook, ...options);
  const kept = join(checkout, '.cache/provisioned');
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, `${++runs}-${playbook}.log`), ended.printed);
  return ended;
}

/** Of each host, how many tasks changed something; of none if the run did not come to its end. */
function changesOf({ said, status }: Ended): Record<string, number> {
  expect(status).toBe(0);
  const recap = said.slice(said.lastIndexOf('PLAY RECAP'));
  return Object.fromEntries(
    [...recap.matchAll(/(\w+) : ok=\d+ changed=(\d+)/g)].map(([, name, count]) => [
      name!,
      Number(count),
    ]),
  );
}

/** From which releases Farol's programs of this host run. */
async function running(host: string): Promise<string[]> {
  const told = await lab.on(
    host,
    ...['sh', '-c'],
    'for unit in server agent front; do readlink /proc/$(systemctl show --value -p MainPID farol-$unit)/cwd; done',
  );
  return [...new Set(told.split('\n').map((path) => path.replace('/opt/farol/', '')))];
}

/** The same release under another name, as if it were the next. */
function renamed(archive: string, name: string, suffix: string) {
  const other = name.replace('-linux-', `${suffix}-linux-`);
  const work = mkdtempSync(join(folder, 'renamed-'));
  execFileSync('tar', ['-x', '-f', archive, '-C', work]);
  cpSync(join(work, name), join(work, other), { recursive: true });
  const made = join(folder, 'release', `${other}.tar.gz`);
  execFileSync('tar', ['-c', '-z', '-f', made, '-C', work, other]);
  const sha256 = createHash('sha256').update(readFileSync(made)).digest('hex');
  writeFileSync(`${made}.sha256`, `${sha256}  ${other}.tar.gz\n`);
  return { archive: made, name: other };
}

const knock = (ip: string, port: number) =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${ip}/${port}' 2> /dev/null && echo open || echo closed`;

const secondsSince = (began: number) => Math.round((performance.now() - began) / 1000);
const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
