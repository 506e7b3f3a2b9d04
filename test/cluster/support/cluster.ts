import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { type Authority, certificateAuthority } from '../../support/certificates.ts';
import { type Disk, makeDisk } from './disk.ts';
import { docker, OWNER_LABEL, removeAbandoned, removed, siteImage } from './engine.ts';
import { createLan, type Lan } from './network.ts';
import { Site, type Unit } from './site.ts';
import {
  type ClusterPlan,
  FRONT_PORT,
  type Machine,
  POSTGRESQL_DATA,
  writeSiteFiles,
} from './site-files.ts';

/** What runs in the sites in Farol's place, for comparison (test/compare). */
export interface Instead {
  readonly image: string;
  readonly units: readonly string[];
  /** More of this machine's folders that a site sees, as the engine has them: `FOLDER:PATH:ro`. */
  readonly binds: readonly string[];
  /** Below /site of a machine; `units.sh` among them says how its programs are set up and run. */
  writeFiles(into: string, plan: ClusterPlan, me: Machine, ca: Authority): Promise<void>;
}

export interface ClusterOptions {
  /** Two alone have no majority without each other. */
  readonly sites: 3 | '2+witness' | 2;
  /** One-way delay between sites, each way; a round trip takes twice this. */
  readonly delayMs?: number;
  /** What the way from each site to each other carries. */
  readonly mbit?: number | undefined;
  readonly units?: readonly Unit[];
  /** The LAN has IPv6 too. */
  readonly ipv6?: boolean;
  /** How much etcd's database may take; as on a real site where it is not said. */
  readonly etcdQuotaBytes?: number;
  readonly failsafe?: boolean;
  readonly thirdFence?: boolean;
  /** Known by its address, it deals with other homeservers that are on the LAN. */
  readonly federates?: boolean;
  /** PostgreSQL's data of each site are on a file system of their own, which can be frozen and filled. */
  readonly disks?: boolean;
  readonly instead?: Instead;
}

export interface Cluster extends AsyncDisposable {
  readonly plan: ClusterPlan;
  /** All machines, the witness last. */
  readonly machines: readonly Site[];
  /** The machines with data. */
  readonly sites: readonly Site[];
  readonly lan: Lan;
  /** The certificate authority of the cluster, in PEM: clients trust it for the floating address. */
  readonly ca: string;
  readonly authority: Authority;
  /** HTTPS with a certificate of the cluster, for etcd, Patroni and agents. */
  readonly insider: Dispatcher;
  /** The folder on this machine with the cluster's files. */
  readonly folder: string;
}

const repository = join(import.meta.dirname, '../../..');
/** What runs in the sites; a copy with a remedy taken out shows that its test can fail. */
const sources = process.env.FAROL_TEST_SOURCES ?? repository;
/** Large packets are few packets: the delay is made in user space, and its work should not be measured. */
const MTU = { direct: 1500, delayed: 60_000 };

/** Starts all machines of a cluster; wait for a state before using it. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await removeAbandoned();
  const image = options.instead?.image ?? (await siteImage());
  const delayMs = options.delayMs ?? 0;
  await using building = new AsyncDisposableStack();
  const mtu = delayMs > 0 && options.mbit === undefined ? MTU.delayed : MTU.direct;
  const lan = await createLan({ image, mtu, ipv6: options.ipv6 ?? false });
  building.defer(() => lan.remove());
  const folder = await mkdtemp(join(tmpdir(), 'farol-cluster-'));
  building.defer(() => rm(folder, { recursive: true, force: true }));
  const authority = await certificateAuthority(folder);
  const plan = planOf(options, lan);
  const machines = await Promise.all(
    plan.machines.map(async (machine) => {
      const files = join(folder, machine.name);
      const write = options.instead?.writeFiles ?? writeSiteFiles;
      await write(files, plan, machine, authority);
      const environment = environmentOf(plan, machine, options);
      const disk = options.disks && !machine.witness ? await makeDisk(folder, machine.name) : null;
      if (disk !== null) building.defer(() => disk.remove());
      const binds = options.instead?.binds ?? [];
      const start = { image, lan, machine, files, environment, disk, binds };
      const container = await createMachine(start);
      building.defer(() => removed(() => container.remove({ force: true, v: true })));
      building.defer(async () => disk?.thaw());
      return new Site(machine, container, lan, disk);
    }),
  );
  await Promise.all(machines.map(({ container }) => container.start()));
  if (options.mbit !== undefined) await narrow(machines, options.mbit);
  const everything = building.move();
  return {
    plan,
    machines,
    sites: machines.filter(({ witness }) => !witness),
    lan,
    folder,
    ...{ authority, ca: readFileSync(authority.ca, 'utf8') },
    insider: await insider(authority),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** For packets to other sites alone: what clients ask goes as it did. */
async function narrow(machines: readonly Site[], mbit: number): Promise<void> {
  for (const machine of machines) {
    const others = machines.filter((each) => each !== machine).map(({ ip }) => ip);
    const ways = others.flatMap((ip, at) => [
      `class add dev eth0 parent 1: classid 1:${at + 1} htb rate ${mbit}mbit burst 6k`,
      `filter add dev eth0 parent 1: protocol ip u32 match ip dst ${ip} flowid 1:${at + 1}`,
    ]);
    // What matches no filter goes at once.
    const all = ['qdisc add dev eth0 root handle 1: htb', ...ways];
    await machine.must(['sh', '-ec', all.map((each) => `tc ${each}`).join('; ')]);
  }
}

function planOf(
  {
    sites,
    ipv6 = false,
    etcdQuotaBytes = 2 ** 31,
    failsafe = false,
    thirdFence = false,
    federates = false,
  }: ClusterOptions,
  lan: Lan,
): ClusterPlan {
  const machine = (name: string, host: number, witness = false): Machine => ({
    name,
    ip: lan.ip(host),
    witness,
  });
  const third = sites === 2 ? [] : [machine('c', 13, sites !== 3)];
  const machines = [machine('a', 11), machine('b', 12), ...third];
  return {
    name: 'farol',
    serverName: federates ? `${lan.ip(100)}:${FRONT_PORT}` : 'farol.test',
    federatesWith: federates ? `${lan.ip(0)}/${lan.prefixLength}` : null,
    machines,
    address: lan.ip(100),
    address6: ipv6 ? lan.ipv6(100) : null,
    etcdQuotaBytes: String(etcdQuotaBytes),
    failsafe,
    thirdFence,
    secret: randomBytes(32).toString('base64'),
  };
}

function environmentOf(plan: ClusterPlan, me: Machine, options: ClusterOptions) {
  const { delayMs = 0, units, instead, thirdFence } = options;
  const farol: readonly Unit[] = [
    ...(thirdFence ? (['block'] as const) : []),
    ...(['etcd', 'patroni', 'server', 'agent', 'front'] as const),
  ];
  const all: readonly string[] = instead?.units ?? units ?? farol;
  const mine = all.filter((unit) => !me.witness || unit === 'etcd' || unit === 'agent');
  if (delayMs === 0) return [`UNITS=${mine.join(' ')}`];
  const peers = plan.machines.filter(({ name }) => name !== me.name);
  const links = peers.map(({ ip }) => `${ip}=${delayMs}`);
  return [`UNITS=delay ${mine.join(' ')}`, `DELAY=${me.ip} ${links.join(' ')}`];
}

interface MachineStart {
  readonly image: string;
  readonly lan: Lan;
  readonly machine: Machine;
  readonly files: string;
  readonly environment: string[];
  readonly disk: Disk | null;
  readonly binds: readonly string[];
}

async function createMachine(start: MachineStart) {
  const { image, lan, machine, files, environment, disk, binds } = start;
  return (await docker()).createContainer({
    Image: image,
    name: `${lan.networkId.slice(0, 8)}-${machine.name}`,
    Hostname: machine.name,
    Entrypoint: ['/farol/test/cluster/image/supervise'],
    Env: environment,
    Labels: { [OWNER_LABEL]: String(process.pid) },
    HostConfig: {
      NetworkMode: lan.networkId,
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      Devices: [{ PathOnHost: TUN, PathInContainer: TUN, CgroupPermissions: 'rwm' }],
      Binds: [
        `${sources}:/farol:ro`,
        `${repository}/node_modules:/farol/node_modules:ro`,
        `${files}:/site:ro`,
        `${compiledFolder()}:/var/cache/farol`,
        ...binds,
        ...(disk === null ? [] : [`${disk.folder}:${dirname(POSTGRESQL_DATA)}`]),
      ],
      // A reboot empties /run, as on a real machine.
      Tmpfs: { '/run': 'exec,mode=755' },
      ShmSize: 256 * 1024 * 1024,
    },
    NetworkingConfig: {
      EndpointsConfig: { [lan.networkId]: { IPAMConfig: { IPv4Address: machine.ip } } },
    },
  });
}

const TUN = '/dev/net/tun';

/** What Node compiled, kept for the next cluster; users of the sites, unknown here, write it. */
function compiledFolder(): string {
  const folder = join(repository, '.cache/compiled');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o1777);
  return folder;
}

async function insider(authority: Authority): Promise<Dispatcher> {
  const { certificate, key } = await authority.issue('tests', { dns: ['tests'] });
  return new Agent({
    allowH2: false,
    connect: {
      ca: readFileSync(authority.ca),
      cert: readFileSync(certificate),
      key: readFileSync(key),
      timeout: 1000,
    },
    headersTimeout: 3000,
    bodyTimeout: 3000,
  });
}
