import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { docker } from './docker.ts';

const execute = promisify(execFile);

export interface LabHost {
  readonly name: string;
  readonly ip: string;
  readonly witness: boolean;
  /** It keeps the backups, and is none of the cluster. */
  readonly backups: boolean;
}

export interface Lab {
  /** Prefixes containers and the network. */
  readonly name: string;
  readonly hosts: readonly LabHost[];
  readonly address: string;
  /** The inventory for `ansible-playbook --inventory`. */
  readonly inventory: string;
  /** Has the inventory, and `secrets` beside it. */
  readonly folder: string;
  /** Runs a command on a host and returns what it printed; throws if it fails. */
  on(host: string, ...command: string[]): Promise<string>;
  ipOf(host: string): string;
  /** What the host is to Docker. */
  containerOf(host: string): string;
  /** Asks Farol's database on a host; a line for each row. */
  sql(host: string, query: string): Promise<string[]>;
  /** What the first agent that answers says. */
  status(): Promise<LabStatus>;
  /** Takes a host off the network first, so that nobody hears of its end. */
  losePower(host: string): void;
  restorePower(host: string): void;
  /** The inventory in which this site is the witness of the others, beside the other one. */
  withWitness(site: string): string;
  /** Puts another, bare machine in the place of a host. It calls itself otherwise. */
  replace(host: string): void;
  remove(): void;
}

/** The part of `farol status --json` that the lab looks at. */
export interface LabStatus {
  readonly leader: string;
  readonly primary: string;
  readonly writes: { readonly kind: string };
  readonly sites: readonly {
    site: string;
    silentMs: number;
    power: string;
    postgres: { state: string } | null;
  }[];
}

/** What an inventory may have besides the hosts of the cluster; each takes its time in every run. */
export interface Besides {
  /** Relays at the sites. */
  readonly calls?: boolean;
  /** A UPS that hangs on the first site, and feeds the second, too. */
  readonly power?: boolean;
  /** The machine beneath, which may ask what the sites measure. */
  readonly monitors?: boolean;
}

export const ALL: Besides = { calls: true, power: true, monitors: true };

export interface LabOptions {
  readonly name: string;
  /** The first three parts of the addresses, such as `10.231.7`. */
  readonly subnet: string;
  readonly sites: readonly string[];
  readonly witnesses?: readonly string[];
  readonly backups?: readonly string[];
  readonly besides?: Besides;
  /** The archive of the release; the newest that was built unless told. */
  readonly release?: string;
  /** The images of hosts that are not bare any more; see kept.ts. */
  readonly imageOf?: (host: string) => string;
  /** A folder for the inventory and the cluster's secrets. */
  readonly folder: string;
}

const IMAGE = 'farol-lab-host';

/** Builds the image of bare hosts, unless it is there; returns its id. */
export const bareImage = (): string =>
  docker('build', '--quiet', '--tag', IMAGE, join(import.meta.dirname, 'image'));

/**
 * Raises bare Debian hosts with systemd in containers, on a network of their own. They have what an
 * administrator gets from a provider, and nothing else.
 */
export function raiseLab(options: LabOptions): Lab {
  const { name, subnet, folder, imageOf = () => IMAGE } = options;
  const hosts = plan(options);
  bareImage();
  const remove = () => {
    for (const host of hosts)
      docker.maybe('rm', '--force', '--volumes', container(name, host.name));
    docker.maybe('network', 'rm', name);
  };
  remove();
  docker('network', 'create', '--subnet', `${subnet}.0/24`, name);
  for (const host of hosts) docker('run', '--detach', ...machine(name, host), imageOf(host.name));
  const address = `${subnet}.100`;
  const hostOf = (name: string) => hosts.find((host) => host.name === name)!;
  const on: On = async (host, ...command) => {
    const { stdout } = await execute('docker', ['exec', container(name, host), ...command], {
      maxBuffer: 64 << 20,
    });
    return stdout.trim();
  };
  return {
    name,
    hosts,
    address,
    inventory: writeInventory({ ...options, hosts, address, folder }),
    folder,
    on,
    ipOf: (host) => hostOf(host).ip,
    containerOf: (host) => container(name, host),
    sql: (host, query) => sqlOn(on, host, query),
    status: () => statusOf(hosts, on),
    losePower(host) {
      docker('network', 'disconnect', '--force', name, container(name, host));
      docker('kill', container(name, host));
    },
    restorePower(host) {
      docker('network', 'connect', '--ip', hostOf(host).ip, name, container(name, host));
      docker('start', container(name, host));
    },
    withWitness: (site) =>
      writeInventory({
        ...options,
        hosts: hosts.map((host) => ({ ...host, witness: host.witness || host.name === site })),
        address,
        file: `without-${site}.yml`,
      }),
    replace(host) {
      docker('rm', '--force', '--volumes', container(name, host));
      docker('run', '--detach', ...machine(name, hostOf(host), `new-${host}`), IMAGE);
    },
    remove,
  };
}

type On = Lab['on'];

async function sqlOn(on: On, host: string, query: string): Promise<string[]> {
  const psql = ['psql', '--no-psqlrc', '-qAt', '-d', 'farol', '-c', query];
  const told = await on(host, 'runuser', '-u', 'postgres', '--', ...psql);
  return told.split('\n').filter((row) => row !== '');
}

async function statusOf(hosts: readonly LabHost[], on: On): Promise<LabStatus> {
  const trouble: unknown[] = [];
  for (const { name } of hosts.filter(({ backups }) => !backups)) {
    try {
      // It ends with another status than 0 when not all is well, and says so all the same.
      const told = await on(name, 'sh', '-c', 'farol status --json || true');
      return JSON.parse(told) as LabStatus;
    } catch (error) {
      trouble.push(error);
    }
  }
  throw new AggregateError(trouble, 'no agent tells the status');
}

function plan({ subnet, sites, witnesses = [], backups = [] }: LabOptions): LabHost[] {
  const all = [...sites, ...witnesses, ...backups];
  return all.map((name, index) => ({
    name,
    ip: `${subnet}.${11 + index}`,
    witness: witnesses.includes(name),
    backups: backups.includes(name),
  }));
}

/** What systemd needs of a container that is not privileged; see image/init. */
const machine = (lab: string, { name, ip }: LabHost, hostname = name): string[] => [
  // It comes back from a restart that it was asked for, not from a power cut.
  ...['--restart', 'unless-stopped'],
  ...['--name', container(lab, name), '--hostname', hostname, '--network', lab, '--ip', ip],
  ...['--cap-add', 'ALL', '--cap-drop', 'SYS_RESOURCE', '--cgroupns', 'private'],
  ...['seccomp', 'apparmor', 'systempaths'].flatMap((kind) => [
    '--security-opt',
    `${kind}=unconfined`,
  ]),
  ...['--device-cgroup-rule', 'a *:* rwm'],
  ...['--tmpfs', '/run:exec,mode=755', '--tmpfs', '/run/lock', '--tmpfs', '/tmp:exec,mode=1777'],
];

const container = (lab: string, host: string): string => `${lab}-${host}`;

const ofHost = (lab: LabOptions, { name, ip }: LabHost) => ({
  ansible_host: container(lab.name, name),
  farol_ip: ip,
});

function powerOf({ sites, subnet, besides }: LabOptions, { name }: LabHost): object {
  if (!besides?.power) return {};
  const ups = { ups: 'cellar', host: `${subnet}.11` };
  if (name === sites[0])
    return {
      farol_ups: ups,
      farol_ups_driver: 'dummy-ups',
      farol_ups_port: '/var/lib/lab/ups.dev',
    };
  return name === sites[1] ? { farol_ups: ups } : {};
}

/** As an administrator writes it, but for the way to the hosts. */
function writeInventory(
  lab: LabOptions & { hosts: readonly LabHost[]; address: string; file?: string },
): string {
  const group = (belongs: (host: LabHost) => boolean) =>
    Object.fromEntries(
      lab.hosts
        .filter(belongs)
        .map((host) => [host.name, { ...ofHost(lab, host), ...powerOf(lab, host) }]),
    );
  const inventory = {
    sites: { hosts: group(({ witness, backups }) => !witness && !backups) },
    witnesses: { hosts: group(({ witness }) => witness) },
    backups: { hosts: group(({ backups }) => backups) },
    all: {
      vars: {
        ansible_connection: 'community.docker.docker',
        farol_cluster: 'lab',
        farol_server_name: 'chat.example.org',
        farol_addresses: [`${lab.address}/24`],
        farol_registration: 'open',
        ...(lab.besides?.calls && { farol_turn: true }),
        // Few clients of a test ask as much as many people do.
        farol_server_options: { rateLimits: { enabled: false } },
        ...(lab.besides?.monitors && { farol_monitors: [`${lab.subnet}.1`] }),
        farol_shared_buffers: '128MB',
        farol_wal_keep: '128MB',
        farol_wal_keep_max: '1GB',
        ...(lab.release && { farol_release: lab.release }),
      },
    },
  };
  mkdirSync(lab.folder, { recursive: true });
  const file = join(lab.folder, lab.file ?? 'hosts.yml');
  writeFileSync(file, `${JSON.stringify(inventory, null, 2)}\n`);
  return file;
}
