import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// What a host tells of itself is refused with the reason, before anything is changed there.

/** When it was asked, by the controller's clock; long ago, or a busy machine would be late for it. */
const ASKED_AT_S = 1_000;
const MEMBERS = ['harbour', 'north', 'south'];
const WELL = {
  clock: ASKED_AT_S + 10,
  patroni: '4.0.7-1',
  memory_mb: 4000,
  etcd_members: MEMBERS,
  witness: false,
  peers: { '192.0.2.12': 0.4, '192.0.2.13': 21 },
  fdatasync_p99_ms: null,
  free_mb: 90_000,
  listeners: { '443': 'MainThread', '2379': 'etcd', '22': 'sshd' },
  running: ['ssh.service'],
  flushes_all_tables: false,
  firewalls: [],
};

/** Each with what is said, and with nothing else. */
const REFUSED: Readonly<Record<string, readonly [seen: object, said: string]>> = {
  clock: [{ clock: ASKED_AT_S - 100 }, 'The clock of north is wrong'],
  'clock-ahead': [{ clock: Date.now() / 1000 + 86_400 }, 'The clock of north is wrong'],
  patroni: [{ patroni: '3.0.2-1' }, 'north has Patroni 3.0.2-1'],
  memory: [{ memory_mb: 1_000 }, 'a site needs 2 GB'],
  members: [{ etcd_members: ['north', 'south', 'shed'] }, 'Membership is never changed by the way'],
  bare: [{ etcd_members: [] }, 'replace-site.yml -e site=north'],
  witness: [{ witness: true }, 'add-site.yml -e site=north'],
  'peer-silent': [{ peers: { '192.0.2.12': null } }, 'null: not at all'],
  'peer-far': [{ peers: { '192.0.2.12': 51 } }, "etcd's timings hold up to 50 ms"],
  'disk-slow': [{ fdatasync_p99_ms: 401 }, 'takes 401 ms for a write'],
  'disk-full': [{ free_mb: 4_000 }, 'has 4000 MB free'],
  port: [{ listeners: { '443': 'nginx' } }, 'nginx has port 443'],
  coturn: [{ running: ['coturn.service'] }, 'systemctl disable --now coturn'],
  flush: [{ flushes_all_tables: true }, 'destroy table inet filter'],
  firewall: [{ firewalls: ['ufw'] }, 'ufw is active on north'],
};

test.skipIf(!ANSIBLE_IS_HERE)(
  'a host that is well is refused nothing, and any other with its reason',
  async () => {
    const said = await judge({ well: WELL, ...mapped(([seen]) => ({ ...WELL, ...seen })) });
    expect(said).toEqual({ well: [], ...mapped(([, told]) => [expect.stringContaining(told)]) });
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'all that is amiss at a host is said at once',
  async () => {
    const both = { ...WELL, memory_mb: 512, firewalls: ['ufw'] };
    const known = {
      machines: ['a', 'a', 'b'],
      told: {
        ansible_architecture: 'aarch64',
        ansible_all_ipv4_addresses: ['10.0.0.7'],
      },
    };
    expect((await judge({ both }, known)).both).toEqual([
      expect.stringContaining('rm /etc/machine-id'),
      expect.stringContaining('north is aarch64'),
      expect.stringContaining('Tell in farol_ip'),
      expect.stringContaining('512 MB of memory'),
      expect.stringContaining('ufw is active'),
    ]);
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'the addresses must come to the interface that carries that of the host',
  async () => {
    const told = { preflight_interface: { ipv4: { address: '10.0.0.7' } } };
    expect((await judge({ well: WELL }, { told })).well).toEqual([
      expect.stringContaining('right one of eth0, lo in farol_interface'),
    ]);
  },
  300_000,
);

function mapped<T>(made: (refused: readonly [seen: object, said: string]) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(REFUSED).map(([what, each]) => [what, made(each)]));
}

/** What is said of the first of three sites that has told such things of itself. */
async function judge(
  told: Readonly<Record<string, object>>,
  known: { machines?: readonly string[]; told?: object } = {},
): Promise<Record<string, string[]>> {
  const into = temporaryFolder();
  const machines = known.machines ?? ['a', 'b', 'c'];
  const variables = {
    ...{ into, cases: Object.entries(told).map(([what, seen]) => ({ what, seen, machines })) },
    ...{ preflight_asked_at: ASKED_AT_S, preflight_etcd_data: true },
    ...{ farol_turn: true, farol_interface: 'eth0' },
    ...{ plan_release: '/releases/farol-0.1.0-linux-x64.tar.gz', ansible_architecture: 'x86_64' },
    ...{ ansible_all_ipv4_addresses: ['192.0.2.11'], ansible_all_ipv6_addresses: [] },
    ansible_interfaces: ['lo', 'eth0'],
    preflight_interface: { ipv4: { address: '192.0.2.11' } },
    ...known.told,
  };
  const { said, status } = await ansible(
    'ansible-playbook',
    ...['--inventory', join(ANSIBLE, 'inventories/three-sites')],
    ...['--extra-vars', '@group_vars/all.yml', '--extra-vars', JSON.stringify(variables)],
    join('test', 'hosts.yml'),
  );
  expect([said, status]).toEqual([expect.any(String), 0]);
  const read = (what: string) => JSON.parse(readFileSync(join(into, what), 'utf8')) as string[];
  return Object.fromEntries(Object.keys(told).map((what) => [what, read(what)]));
}
