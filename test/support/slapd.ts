import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LdapSettings } from '../../server/ldap/ldap-directory.ts';
import { freePort } from './free-port.ts';

const [SLAPD, SLAPADD] = ['/usr/sbin/slapd', '/usr/sbin/slapadd'];
export const SLAPD_IS_HERE = existsSync(SLAPD);

export const BASE = 'ou=people,dc=example,dc=org';
const READER = 'cn=reader,dc=example,dc=org';

export interface Slapd extends AsyncDisposable {
  readonly port: number;
  readonly settings: LdapSettings;
  /** As the power goes. */
  kill(): Promise<void>;
  /** It takes connections, and says nothing. */
  freeze(): void;
  start(): Promise<void>;
}

/** OpenLDAP's server with these people (LDIF behind the first lines of an entry) in a folder of its own. */
export async function startSlapd(
  folder: string,
  people: readonly string[],
  { tls, scheme = 'ldap' }: { tls?: Tls; scheme?: 'ldap' | 'ldaps' } = {},
): Promise<Slapd> {
  const port = await freePort();
  const config = write(folder, 'slapd.conf', configuration(folder, tls));
  mkdirSync(join(folder, 'data'));
  write(folder, 'people.ldif', [...ABOVE, ...people].join('\n\n'));
  execFileSync(SLAPADD, ['-f', config, '-l', join(folder, 'people.ldif')], { stdio: 'pipe' });
  const url = `${scheme}://127.0.0.1:${port}`;
  let running = await run(config, url, port);
  return {
    port,
    settings: {
      ...{ urls: [url], security: tls ? 'starttls' : 'none', ca: tls?.ca },
      bind: { dn: READER, password: 'reading' },
      ...{ base: BASE, filter: '(objectClass=person)' },
      attributes: { localpart: 'uid', name: 'cn', mail: 'mail' },
    },
    kill: () => end(running),
    freeze: () => void running.kill('SIGSTOP'),
    async start() {
      running = await run(config, url, port);
    },
    [Symbol.asyncDispose]: () => end(running),
  };
}

interface Tls {
  /** PEM. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A person of the directory. */
export const person = (uid: string, password: string | undefined, more: readonly string[] = []) =>
  [
    `dn: uid=${uid},${BASE}`,
    'objectClass: inetOrgPerson',
    ...[`uid: ${uid}`, `sn: ${uid}`],
    ...(more.some((line) => line.startsWith('cn:')) ? [] : [`cn: ${uid}`]),
    ...(password === undefined ? [] : [`userPassword: ${password}`]),
    ...more,
  ].join('\n');

const ABOVE = [
  'dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example',
  `dn: ${READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: reading`,
  `dn: ${BASE}\nobjectClass: organizationalUnit\nou: people`,
];

/** With the binds of nobody that some servers allow, and which name somebody. */
const configuration = (folder: string, tls: Tls | undefined) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/slapd.pid
allow bind_anon_dn bind_anon_cred
${tls ? `TLSCertificateFile ${tls.certificate}\nTLSCertificateKeyFile ${tls.key}` : ''}
database mdb
suffix "dc=example,dc=org"
directory ${folder}/data
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER}" read by * none
`;

async function run(config: string, url: string, port: number): Promise<ChildProcess> {
  const child = spawn(SLAPD, ['-f', config, '-h', url, '-d', '0'], { stdio: 'ignore' });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`slapd ended with ${child.exitCode}`);
    await sleep(20);
  }
  return child;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function write(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
