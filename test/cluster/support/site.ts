import type { Disk } from './disk.ts';
import { type CommandResult, type Container, runIn } from './engine.ts';
import type { Lan } from './network.ts';
import { type Machine, POSTGRESQL_DATA } from './site-files.ts';

export type Unit = 'etcd' | 'patroni' | 'server' | 'agent' | 'front' | 'block' | 'delay';
export type Signal = 'KILL' | 'STOP' | 'CONT';

/** One machine of a cluster, and what can befall it. */
export class Site {
  readonly name: string;
  readonly ip: string;
  readonly witness: boolean;
  readonly container: Container;
  readonly #lan: Lan;
  readonly #disk: Disk | null;

  constructor(machine: Machine, container: Container, lan: Lan, disk: Disk | null = null) {
    this.name = machine.name;
    this.ip = machine.ip;
    this.witness = machine.witness;
    this.container = container;
    this.#lan = lan;
    this.#disk = disk;
  }

  /** That of PostgreSQL's data, where the cluster has been given disks. */
  get disk(): Disk {
    if (this.#disk === null) throw new Error(`${this.name} has no disk of its own`);
    return this.#disk;
  }

  /** Everything at once, and no goodbye: the network goes first, so that no FIN or RST escapes. */
  async powerOff(): Promise<void> {
    await this.cutNetwork();
    await this.container.kill({ signal: 'SIGKILL' });
  }

  async powerOn(): Promise<void> {
    await this.container.start();
  }

  cutNetwork(): Promise<void> {
    return this.#lan.unplug(this.container);
  }

  /** All its programs stand still, as on a host whose hypervisor stops it; its network card goes on. */
  async freeze(): Promise<void> {
    await this.container.pause();
  }

  async thaw(): Promise<void> {
    await this.container.unpause();
  }

  healNetwork(): Promise<void> {
    return this.#lan.plugIn(this.container);
  }

  /** Nothing passes between this site and that one, and neither is told; all else goes on. */
  async cutLinkTo(other: Site): Promise<void> {
    await this.must(['sh', '-ec', filter('-I', linkTo(other.ip))]);
  }

  async healLinkTo(other: Site): Promise<void> {
    await this.must(['sh', '-ec', filter('-D', linkTo(other.ip))]);
  }

  /** Its network card loses this part of all packets, coming and going. By the firewall: not every kernel has netem. */
  async sickenCard(lost: number): Promise<void> {
    await this.must(['sh', '-ec', filter('-I', cardThatLoses(lost))]);
  }

  async mendCard(lost: number): Promise<void> {
    await this.must(['sh', '-ec', filter('-D', cardThatLoses(lost))]);
  }

  /** No other site gets a byte of WAL from this one, or gives one; etcd and all else go on. */
  async blockReplication(): Promise<void> {
    await this.must(['sh', '-ec', BLOCK_REPLICATION]);
  }

  async allowReplication(): Promise<void> {
    await this.must(['sh', '-ec', filter('-D', REPLICATION)]);
  }

  /** A standby goes on following whom it follows, whatever Patroni writes: as if Patroni were slow to say so. */
  async keepFollowing(): Promise<void> {
    const [row] = await this.sql<{ sql: string }>(
      `SELECT format('ALTER SYSTEM SET primary_conninfo = %L', current_setting('primary_conninfo')) AS sql`,
    );
    await this.must(['psql', '-Xqc', row!.sql, '-c', 'SELECT pg_reload_conf()'], 'postgres');
    // Patroni would clean it, and merely complains that it cannot.
    await this.must(['chown', 'root', SYSTEM_SETTINGS]);
    await this.must(['chmod', '644', SYSTEM_SETTINGS]);
  }

  /** PostgreSQL may be down meanwhile, rewound by Patroni, which reads this when it starts; or its copy is gone. */
  async followAgain(): Promise<void> {
    await this.must(['sh', '-ec', FOLLOW_AGAIN]);
    await this.run(['psql', '-Xqc', 'SELECT pg_reload_conf()'], 'postgres');
  }

  /** SIGKILL, SIGSTOP or SIGCONT for programs of this site; a killed one is started again at once. */
  signal(signal: Signal, ...units: Unit[]): Promise<string> {
    return this.must([UNIT, signal, ...units]);
  }

  killPostmaster(): Promise<string> {
    return this.must([UNIT, 'kill-postmaster', 'postgresql']);
  }

  /** Ends programs and keeps them from being started again. */
  stop(...units: Unit[]): Promise<string> {
    return this.must([UNIT, 'off', ...units]);
  }

  start(...units: Unit[]): Promise<string> {
    return this.must([UNIT, 'on', ...units]);
  }

  run(command: readonly string[], user?: string): Promise<CommandResult> {
    return runIn(this.container, command, user === undefined ? {} : { user });
  }

  /** Runs a command that must succeed, and gives what it printed. */
  async must(command: readonly string[], user?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, user);
    if (code === 0) return stdout;
    throw new Error(`${this.name}: "${command.join(' ')}" ended with ${code}: ${stderr}${stdout}`);
  }

  /** Rows of a query at this site's PostgreSQL, as one JSON value each. */
  async sql<Row>(query: string, database = 'farol'): Promise<Row[]> {
    const wrapped = `SELECT row_to_json(q) FROM (${query}) q`;
    const options = ['-XAtq', '--set=ON_ERROR_STOP=1', '-d', database, '-c', wrapped];
    const printed = await this.must(['psql', ...options], 'postgres');
    return printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  /** How often each program has ended since this machine was made; each was started again, or kept off. */
  async endings(): Promise<Partial<Record<Unit, number>>> {
    const { stdout } = await this.run(['cat', '/var/log/farol/units.log']);
    const counts: Partial<Record<Unit, number>> = {};
    for (const line of stdout.split('\n').filter((line) => line !== '')) {
      const { unit } = JSON.parse(line) as { unit: Unit };
      counts[unit] = (counts[unit] ?? 0) + 1;
    }
    return counts;
  }

  log(unit: Unit, lines = 200): Promise<string> {
    return this.must(['tail', '-n', String(lines), `/var/log/farol/${unit}.log`]);
  }
}

const linkTo = (ip: string) => [
  ['OUTPUT', '-d', ip, '-j', 'DROP'],
  ['INPUT', '-s', ip, '-j', 'DROP'],
];

const cardThatLoses = (part: number) =>
  [
    ['OUTPUT', '-o'],
    ['INPUT', '-i'],
  ].map(([chain, way]) => [
    ...[chain!, way!, 'eth0', '-m', 'statistic', '--mode', 'random'],
    ...['--probability', String(part), '-j', 'DROP'],
  ]);

const SYSTEM_SETTINGS = `${POSTGRESQL_DATA}/postgresql.auto.conf`;
const FOLLOW_AGAIN = `sed -i '/^primary_conninfo/d' ${SYSTEM_SETTINGS} &&
  chown postgres:postgres ${SYSTEM_SETTINGS} || [ ! -e ${SYSTEM_SETTINGS} ]`;
const UNIT = '/farol/test/cluster/image/unit';

/** Outgoing first: what left before is confirmed, what was not confirmed never left. */
const REPLICATION = [
  ['OUTPUT', '-o', '--sport'],
  ['OUTPUT', '-o', '--dport'],
  ['INPUT', '-i', '--dport'],
  ['INPUT', '-i', '--sport'],
].map(([chain, way, port]) => [chain!, way!, 'eth0', '-p', 'tcp', port!, '5432', '-j', 'DROP']);

/** All rules by one command: between several, each as slow as the machine is busy, half of them would hold. */
const filter = (action: '-A' | '-I' | '-D', rules: readonly (readonly string[])[]): string =>
  rules.map((rule) => `iptables -w ${action} ${rule.join(' ')}`).join('; ');

/** For a shell. */
export const BLOCK_REPLICATION = filter('-A', REPLICATION);
