import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// What the inventory alone tells is refused before any host is asked: none of these hosts exists.

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);

onlyWithAnsible.each([
  {
    what: 'two sites without a witness',
    inventory: () => inventoryOf({ sites: ['north', 'south'] }),
    told: 'nobody can know whether the other is dead or merely out of reach',
  },
  {
    what: 'a variable of before, with the name of now',
    inventory: () => inventoryOf({ vars: { farol_address: '192.0.2.10/24' } }),
    told: 'There is no variable farol_address; did you mean farol_addresses',
  },
  {
    what: 'a mistyped variable, with the name that was probably meant',
    inventory: () => inventoryOf({ vars: { farol_registrations: 'open' } }),
    told: 'There is no variable farol_registrations; did you mean farol_registration?',
  },
  {
    what: 'a floating address that no site can hold, since it is on another LAN',
    inventory: () => inventoryOf({ vars: { farol_addresses: ['198.51.100.10/24'] } }),
    told: 'an address moves by ARP, which no router passes on',
  },
  {
    what: "a floating address that is a host's own",
    inventory: () => inventoryOf({ vars: { farol_addresses: ['192.0.2.12/24'] } }),
    told: 'It must be a list of free addresses',
  },
  {
    what: 'no address and no other way in',
    inventory: () => inventoryOf({ vars: { farol_addresses: [] } }),
    told: 'One of them must show clients the way',
  },
  {
    what: 'a name without the key by which it is updated',
    inventory: () =>
      inventoryOf({ vars: { farol_addresses: [], farol_address_drivers: [{ driver: 'dns' }] } }),
    told: 'with its key in the file farol_dns_key',
  },
  {
    what: 'a host without an address',
    inventory: () => inventoryOf({ host: { south: { ansible_host: undefined } } }),
    told: 'Each host needs an address of its own as a number',
  },
  {
    what: 'a host by its name alone, which the others would have to look up',
    inventory: () => inventoryOf({ host: { south: { ansible_host: 'south.example.org' } } }),
    told: 'Each host needs an address of its own as a number',
  },
  {
    what: 'two hosts with one address',
    inventory: () => inventoryOf({ host: { south: { ansible_host: '192.0.2.11' } } }),
    told: 'Each host needs an address of its own',
  },
  {
    what: 'backups that would lie at a site',
    inventory: () => inventoryOf({ backups: { north: {} } }),
    told: 'a backup must not burn with a site',
  },
  {
    what: 'a host of backups that is a site under another name',
    inventory: () => inventoryOf({ backups: { vault: { ansible_host: '192.0.2.12' } } }),
    told: 'a backup must not burn with a site',
  },
  {
    what: 'a UPS that hangs on a host and has no name',
    inventory: () => inventoryOf({ host: { south: { farol_ups_driver: 'usbhid-ups' } } }),
    told: 'south has farol_ups_driver, so the UPS hangs on it',
  },
  {
    what: 'a UPS that hangs on one host and is asked for at another',
    inventory: () =>
      inventoryOf({
        host: {
          south: {
            ansible_host: '192.0.2.12',
            farol_ups_driver: 'usbhid-ups',
            farol_ups: { ups: 'cellar', host: '192.0.2.11' },
          },
        },
      }),
    told: 'tell no other host than that one',
  },
  {
    what: 'an option of the server that the inventory tells already',
    inventory: () => inventoryOf({ vars: { farol_server_options: { serverName: 'b.org' } } }),
    told: 'farol_server_options has serverName',
  },
  {
    what: 'relays of calls under one name, which would lead to a dead site',
    inventory: () =>
      inventoryOf({ vars: { farol_turn: true, farol_turn_name: 'turn.example.org' } }),
    told: 'would be announced when that one is dead',
  },
  {
    what: "a relay's name that its certificate does not hold for",
    inventory: () =>
      inventoryOf({
        vars: {
          farol_turn: true,
          farol_turn_name: 'turn-{{ inventory_hostname }}.example.org',
          ...certificateFor('turn-north.example.org', 'turn-south.example.org'),
        },
      }),
    told: 'turn-harbour.example.org is not in',
  },
  {
    what: 'relays with names under the certificate of the public name alone, whose key strangers would be a step nearer to',
    inventory: () =>
      inventoryOf({
        vars: {
          farol_turn: true,
          farol_turn_name: 'turn-{{ inventory_hostname }}.example.org',
          ...publicCertificate(),
        },
      }),
    told: 'they are not handed the key of chat.example.org',
  },
  ...['1000-9999', '9000-60000', '60000-50000', '50000-50010', '50000-70000', '50000'].map(
    (farol_turn_relay_ports) => ({
      what: `relays' ports ${farol_turn_relay_ports}`,
      inventory: () => inventoryOf({ vars: { farol_turn: true, farol_turn_relay_ports } }),
      told: `farol_turn_relay_ports is ${farol_turn_relay_ports}`,
    }),
  ),
  {
    what: 'a relay that options of the server tell, too',
    inventory: () =>
      inventoryOf({ vars: { farol_turn: true, farol_server_options: { turn: {} } } }),
    told: 'farol_server_options has turn',
  },
  {
    what: 'a file for the server that is not there',
    inventory: () => inventoryOf({ vars: { farol_server_files: { 'irc.yaml': '/no/irc.yaml' } } }),
    told: '/no/irc.yaml is not there',
  },
  {
    what: 'a file for the server that would lie elsewhere',
    inventory: () =>
      inventoryOf({ vars: { farol_server_files: { '../../passwd': import.meta.filename } } }),
    told: 'each is a name for /etc/farol/server',
  },
  {
    what: 'a release whose bytes are not those that were built',
    inventory: () => inventoryOf({ vars: { farol_release: releaseWith('other bytes') } }),
    told: 'does not have the checksum that stands beside it',
  },
])(
  'an inventory is refused for $what',
  async ({ inventory, told }) => {
    const { status, said } = await refuse(inventory());
    expect(said).toContain(told);
    expect(said).not.toContain('Refuse hosts that cannot be sites');
    expect(status).not.toBe(0);
  },
  300_000,
);

onlyWithAnsible(
  'relays whose names are in their certificate, one by its own and others by a star, are not refused',
  async () => {
    const vars = {
      farol_turn: true,
      farol_turn_name: 'turn-{{ inventory_hostname }}.example.org',
      farol_turn_relay_ports: '20000-20099',
      ...publicCertificate(),
      ...certificateFor('TURN-north.example.org', '*.example.org'),
    };
    const { said } = await refuse(inventoryOf({ vars }));
    expect(said).toContain('Refuse hosts that cannot be sites');
  },
  300_000,
);

onlyWithAnsible(
  'a right inventory is not refused: its hosts are asked next, and named if they do not answer',
  async () => {
    const { status, said } = await refuse(inventoryOf({}));
    expect(said).toContain('Refuse hosts that cannot be sites');
    expect(said).toMatch(/fatal: \[(north|south|harbour)\]/);
    expect(status).not.toBe(0);
  },
  300_000,
);

onlyWithAnsible.each([
  ['--tags', 'site.yml'],
  ['--skip-tags', 'site.yml'],
  ['--skip-tags', 'rollback.yml'],
])(
  'a run of parts alone, by %s of %s, is refused: they would lack what others bring',
  async (option, playbook) => {
    const told = ['--inventory', inventoryOf({}), playbook, option, 'firewall'];
    const { status, said } = await ansible('ansible-playbook', ...told);
    expect(said).toContain('There are no tags here');
    expect(said.match(/PLAY \[/g)).toHaveLength(1);
    expect(status).not.toBe(0);
  },
  300_000,
);

onlyWithAnsible.each([
  ['north', 'site.yml'],
  ['all:!north', 'rollback.yml'],
])(
  'a run for a part of the hosts, by --limit %s of %s, is refused: it would leave out what refuses',
  async (limit, playbook) => {
    const told = ['--inventory', inventoryOf({}), playbook, '--limit', limit];
    const { status, said } = await ansible('ansible-playbook', ...told);
    expect(said).toContain('A run is for all hosts');
    expect(said.match(/PLAY \[/g)).toHaveLength(1);
    expect(status).not.toBe(0);
  },
  300_000,
);

const folder = mkdtempSync(join(tmpdir(), 'farol-inventory-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;

const refuse = (inventory: string) =>
  ansible('ansible-playbook', '--inventory', inventory, 'refuse.yml');

interface Changed {
  readonly sites?: readonly string[];
  readonly vars?: object;
  readonly backups?: object;
  readonly host?: Readonly<Record<string, object>>;
}

function inventoryOf({
  sites = ['north', 'south', 'harbour'],
  vars,
  host,
  backups = {},
}: Changed): string {
  const addressed = sites.map((name, index) => [
    name,
    { ansible_host: `192.0.2.${11 + index}`, ...host?.[name] },
  ]);
  const of = {
    farol_cluster: 'example',
    farol_server_name: 'chat.example.org',
    farol_addresses: ['192.0.2.10/24'],
    farol_release: releaseWith('the bytes'),
    // Whoever is asked is this machine, by a program that is not there.
    ansible_connection: 'ssh',
    ansible_ssh_executable: '/nonexistent/ssh',
    ...vars,
  };
  const file = join(folder, `${++made}.yml`);
  const tree = {
    sites: { hosts: Object.fromEntries(addressed) },
    backups: { hosts: backups },
    all: { vars: of },
  };
  writeFileSync(file, JSON.stringify(tree));
  return file;
}

/** One of the relays' own, with its key. */
function certificateFor(...names: string[]) {
  const path = join(folder, `${++made}`);
  const subjects = names.map((name) => `DNS:${name}`).join(',');
  const wanted = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=relays', '-addext', `subjectAltName=${subjects}`],
    ...['-keyout', `${path}.key`, '-out', `${path}.crt`],
  ];
  execFileSync('openssl', wanted, { stdio: 'ignore' });
  return { farol_turn_certificate: `${path}.crt`, farol_turn_key: `${path}.key` };
}

function publicCertificate() {
  const { farol_turn_certificate, farol_turn_key } = certificateFor('*.example.org');
  return { farol_public_certificate: farol_turn_certificate, farol_public_key: farol_turn_key };
}

const SHA256_OF_THE_BYTES = 'ed589341c9fd5da96aaff4c5efa008226282a716186608d5a032ac75895a9c2f';

function releaseWith(content: string): string {
  const name = `farol-0.0.0-${++made}-linux-x64.tar.gz`;
  writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, `${name}.sha256`), `${SHA256_OF_THE_BYTES}  ${name}\n`);
  return join(folder, name);
}
