import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ClusterPlan,
  FRONT_PORT,
  type Machine,
  templateValues,
  writeCertificates,
} from '../../cluster/support/site-files.ts';
import { renderTemplate, type TemplateValues } from '../../cluster/support/template.ts';
import type { Authority } from '../../support/certificates.ts';

const here = import.meta.dirname;
const etcd = join(here, '../../../patroni-config/etcd.env');
const FILES = [
  ...['units.sh', 'patroni.yml', 'create-database', 'homeserver.yaml', 'log.yaml'],
  ...['nginx.conf', 'keepalived.conf', 'notify', 'check'],
];

/** What a site of the other system needs, rendered from the files beside this one. */
export async function writeSynapseFiles(
  into: string,
  plan: ClusterPlan,
  me: Machine,
  ca: Authority,
): Promise<void> {
  mkdirSync(join(into, 'tls'), { recursive: true });
  await writeCertificates(join(into, 'tls'), plan, me, ca);
  const values = valuesOf(plan, me);
  const render = (name: string, from: string) =>
    writeFileSync(join(into, name), renderTemplate(readFileSync(from, 'utf8'), values));
  for (const file of FILES) render(file, join(here, file));
  render('etcd.env', etcd);
  writeFileSync(join(into, 'signing.key'), `ed25519 lab ${SIGNING_SEED}\n`);
}

/** One for all sites of all labs of this process: their server is the same. */
const SIGNING_SEED = randomBytes(32).toString('base64').replace(/=+$/, '');

/** The first site has the address first, and the others in their order. */
const PRIORITY_STEP = 10;

function valuesOf(plan: ClusterPlan, me: Machine): TemplateValues {
  const others = plan.machines.filter(({ name }) => name !== me.name).map(({ ip }) => ip);
  const place = plan.machines.findIndex(({ name }) => name === me.name);
  const ownFirst = [me.ip, ...others];
  return {
    ...templateValues(plan, me),
    server_name: plan.serverName,
    address: plan.address,
    port: String(FRONT_PORT),
    secret: plan.secret,
    priority: String(100 - PRIORITY_STEP * place),
    peers: others.map((ip) => `        ${ip}`).join('\n'),
    others: others.join(' '),
    hosts: ownFirst.join(','),
    etcd_hosts: ownFirst.map((ip) => `'${ip}:2379'`).join(', '),
  };
}
