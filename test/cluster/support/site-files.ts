import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../../support/certificates.ts';
import { renderTemplate, type TemplateValues } from './template.ts';

export const FRONT_PORT = 8443;
const RELAY_PORT = 8482;
const AGENT_PORT = 8483;
export const POSTGRESQL_DATA = '/var/lib/postgresql/17/farol';
const POSTGRESQL_BIN = '/usr/lib/postgresql/17/bin';

const templates = join(import.meta.dirname, '../../../patroni-config');

export interface Machine {
  readonly name: string;
  readonly ip: string;
  /** A witness has etcd and an agent, no data and no front. */
  readonly witness: boolean;
}

export interface ClusterPlan {
  readonly name: string;
  readonly machines: readonly Machine[];
  readonly serverName: string;
  readonly address: string;
  /** A second one by IPv6, where the LAN has it. */
  readonly address6: string | null;
  /** How much etcd's database may take. */
  readonly etcdQuotaBytes: string;
  /** Whether the leader goes on without etcd (F20). */
  readonly failsafe: boolean;
  /** Whether a lost site is replaced upon the promises of the others (docs/third-fence.md). */
  readonly thirdFence: boolean;
  /** In which network other homeservers are, where it deals with any. */
  readonly federatesWith: string | null;
  /** Opens the signing key in the database. */
  readonly secret: string;
}

/** Writes what a machine needs below /etc, rendered from the templates that production uses. */
export async function writeSiteFiles(into: string, plan: ClusterPlan, me: Machine, ca: Authority) {
  mkdirSync(join(into, 'tls'), { recursive: true });
  await writeCertificates(join(into, 'tls'), plan, me, ca);
  const values = templateValues(plan, me);
  for (const file of me.witness ? WITNESS_FILES : SITE_FILES) {
    const template = readFileSync(join(templates, file), 'utf8');
    writeFileSync(join(into, file), renderTemplate(template, values));
  }
  writeFileSync(join(into, 'failover.yml'), JSON.stringify(failoverConfiguration(plan, me)));
  if (me.witness) return;
  writeFileSync(join(into, 'tls', 'secret'), plan.secret);
  writeFileSync(join(into, 'server.yml'), JSON.stringify(serverConfiguration(plan, me)));
}

const WITNESS_FILES = ['etcd.env', 'etcd-guard'];
const SITE_FILES = [
  ...WITNESS_FILES,
  'patroni.yml',
  'patroni.env',
  'pg_service.conf',
  'create-database',
  'copy-guard',
];

export async function writeCertificates(
  into: string,
  plan: ClusterPlan,
  me: Machine,
  ca: Authority,
) {
  const site = await ca.issue(me.name, { dns: [me.name, 'localhost'], ip: [me.ip, '127.0.0.1'] });
  const addresses = [...floating(plan), ...plan.machines.map(({ ip }) => ip)];
  const dns = plan.federatesWith === null ? [plan.serverName] : [];
  const front = await ca.issue(`front-${me.name}`, { dns, ip: addresses });
  cpSync(ca.ca, join(into, 'ca.crt'));
  cpSync(site.certificate, join(into, 'site.crt'));
  cpSync(site.key, join(into, 'site.key'));
  cpSync(front.certificate, join(into, 'front.crt'));
  cpSync(front.key, join(into, 'front.key'));
}

export function templateValues(plan: ClusterPlan, me: Machine): TemplateValues {
  return {
    cluster: plan.name,
    site: me.name,
    ip: me.ip,
    tls_dir: '/etc/farol/tls',
    farol_dir: '/farol',
    runtime_dir: '/run/farol',
    three_sites: hasThreeSites(plan),
    etcd_data_dir: '/var/lib/etcd/farol',
    etcd_initial_cluster: plan.machines.map(({ name, ip }) => `${name}=https://${ip}:2380`).join(),
    etcd_initial_cluster_state: 'new',
    etcd_quota_bytes: plan.etcdQuotaBytes,
    data_sites: dataSites(plan).join('|'),
    create_database: '/etc/patroni/create-database',
    copy_guard: '/etc/patroni/copy-guard',
    pg_service_file: '/etc/patroni/pg_service.conf',
    postgresql_data_dir: POSTGRESQL_DATA,
    postgresql_bin_dir: POSTGRESQL_BIN,
    pgpass: '/var/lib/postgresql/farol.pgpass',
    database: 'farol',
    database_user: 'farol',
    shared_buffers: '128MB',
    wal_keep_size: '128MB',
    max_slot_wal_keep_size: '1GB',
    failsafe: plan.failsafe,
    backups: false,
    archive_command: '',
  };
}

/** JSON, which is YAML too. */
function serverConfiguration(plan: ClusterPlan, me: Machine) {
  return {
    serverName: plan.serverName,
    publicUrl: `https://${plan.address}:${FRONT_PORT}`,
    registration: 'open',
    rateLimits: { enabled: false },
    ...(plan.federatesWith !== null && {
      federation: { enabled: true, ca: '/etc/farol/tls/ca.crt', allowNetworks: plan.federatesWith },
    }),
    cluster: {
      site: me.name,
      listen: `${me.ip}:8481`,
      ...siteCertificate,
      runtimeDir: '/run/farol/server',
      databaseUrl: 'postgresql://farol@/farol?host=/var/run/postgresql',
      secretFile: '/etc/farol/tls/secret',
    },
  };
}

function failoverConfiguration(plan: ClusterPlan, me: Machine) {
  const all = [me, ...plan.machines.filter(({ name }) => name !== me.name)];
  const common = {
    cluster: plan.name,
    site: me.name,
    witness: me.witness,
    runtimeDir: '/run/farol',
    tls: siteCertificate,
    etcd: { endpoints: all.map(({ ip }) => `https://${ip}:2379`) },
    peers: {
      listen: `${me.ip}:${AGENT_PORT}`,
      sites: Object.fromEntries(
        all.slice(1).map(({ name, ip }) => [name, `https://${ip}:${AGENT_PORT}`]),
      ),
      ...(plan.failsafe && { failsafe: true }),
      ...(plan.thirdFence && { thirdFence: true }),
    },
  };
  if (me.witness) return common;
  return {
    ...common,
    patroni: {
      url: `https://${me.ip}:8010`,
      strict: hasThreeSites(plan),
      postgres: {
        dataDir: POSTGRESQL_DATA,
        binDir: POSTGRESQL_BIN,
        probeDir: `${POSTGRESQL_DATA}.probe`,
      },
    },
    server: { url: `https://${me.ip}:8481` },
    addresses: floating(plan).map((address) => {
      const prefix = address.includes(':') ? 64 : 24;
      return { driver: 'arp', interface: 'eth0', address: `${address}/${prefix}` };
    }),
    front: {
      listen: `${plan.address6 === null ? '0.0.0.0' : '[::]'}:${FRONT_PORT}`,
      certificate: '/etc/farol/tls/front.crt',
      key: '/etc/farol/tls/front.key',
      writer: siteCertificate,
      relay: {
        listen: `${me.ip}:${RELAY_PORT}`,
        peers: Object.fromEntries(
          plan.machines
            .filter(({ name, witness }) => name !== me.name && !witness)
            .map(({ name, ip }) => [name, `https://${ip}:${RELAY_PORT}`]),
        ),
      },
    },
  };
}

/** They move together. */
export const floating = ({ address, address6 }: ClusterPlan): readonly string[] =>
  address6 === null ? [address] : [address, address6];

const dataSites = ({ machines }: ClusterPlan) =>
  machines.filter(({ witness }) => !witness).map(({ name }) => name);
const hasThreeSites = (plan: ClusterPlan) => dataSites(plan).length === 3;

const siteCertificate = {
  ca: '/etc/farol/tls/ca.crt',
  certificate: '/etc/farol/tls/site.crt',
  key: '/etc/farol/tls/site.key',
};
