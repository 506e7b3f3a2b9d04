import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LdapSettings } from '../../server/ldap/ldap-directory.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort } from './free-port.ts';

const [SLAPD, SLAPADD] = ['/usr/sbin/slapd', '/usr/sbin/slapadd'];
export const SLAPD_IS_HERE = existsSync(SLAPD);

export const BASE = 'ou=people,dc=example,dc=org';
const READER = 'cn=reader,dc=example,dc=org';

export interface Slapd extends Daemon {
  readonly port: number;
  readonly settings: LdapSettings;
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
  const options = ['-f', config, '-h', url, '-d', '0'];
  const daemon = await startDaemon(SLAPD, options, { host: '127.0.0.1', port });
  return {
    ...daemon,
    port,
    settings: {
      ...{ urls: [url], security: tls ? 'starttls' : 'none', ca: tls?.ca },
      bind: { dn: READER, password: 'reading' },
      ...{ base: BASE, filter: '(objectClass=person)' },
      attributes: { localpart: 'uid', name: 'cn', mail: 'mail' },
    },
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

function write(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
