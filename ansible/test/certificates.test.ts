import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// What a host asks for, what is signed, and which certificates are signed anew.

vi.setConfig({ testTimeout: 300_000 });

test.skipIf(!ANSIBLE_IS_HERE)(
  'whoever has the key of a relay is nobody to the cluster, neither client nor server; whoever has that of a host is both',
  async () => {
    const [authority, ofRelays] = await Promise.all([
      certificateAuthority(),
      certificateAuthority(),
    ]);
    for (const kind of ['crt', 'key'])
      copyFileSync(join(ofRelays.folder, `ca.${kind}`), join(authority.folder, `relays.${kind}`));
    const folder = temporaryFolder();
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    const places = { plan_tls_dir: folder, plan_secrets_dir: authority.folder };
    const told = JSON.stringify({ ...places, group, anew: false, sign: true });
    const { said } = await ansible('ansible-playbook', 'test/keys.yml', '--extra-vars', told);
    expect(said).not.toContain('fatal:');
    const isTaken = (name: string, as: string, { ca } = authority) => {
      const asked = ['verify', '-CAfile', ca, '-purpose', as, join(folder, name)];
      return spawnSync('openssl', asked).status === 0;
    };
    const uses = ['sslclient', 'sslserver'];
    expect(uses.map((as) => isTaken('site.crt', as))).toEqual([true, true]);
    expect(uses.map((as) => isTaken('turn.crt', as))).toEqual([false, false]);
    // Clients that are told to trust that authority take it for a relay.
    expect(uses.map((as) => isTaken('turn.crt', as, ofRelays))).toEqual([false, true]);
  },
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'a certificate is made anew 30 days before it ends, and where its key, names, uses or authority are others',
  async () => {
    const [authority, other] = await Promise.all([certificateAuthority(), certificateAuthority()]);
    const asked = await Promise.all([
      request('serves', authority, { days: 31 }),
      request('ends', authority, { days: 29 }),
      request('signed-by-another', other, { days: 300 }),
      request('of-other-names', authority, { days: 300, had: ['old.example.org'] }),
      request('of-any-use', authority, { days: 300, uses: 'serverAuth' }),
      {
        ...(await request('of-another-key', authority, { days: 300 })),
        csr: requestOf(authority, 'of-another-key'),
      },
      { ...(await request('missing', authority, { days: 300 })), certificate: '' },
    ]);
    const signs = readFileSync(authority.ca, 'utf8');
    const authorities = Object.fromEntries(asked.map(({ name }) => [name, signs]));
    const told = { requests: asked, authorities };
    const { said, status } = await ansible(
      'ansible-playbook',
      '--extra-vars',
      JSON.stringify({ told }),
      'test/certificates.yml',
    );
    expect([said, status]).toEqual([expect.any(String), 0]);
    expect(said).toContain(
      'unserved: ends signed-by-another of-other-names of-any-use of-another-key missing.',
    );
  },
);

interface Had {
  readonly days: number;
  /** The names of the certificate that is there, where they are not those that are asked for. */
  readonly had?: string[];
  /** What is asked for; the certificate that is there may be used for anything. */
  readonly uses?: string;
}

async function request(name: string, authority: Authority, { days, had, uses }: Had) {
  const host = `${name}.example.org`;
  const { certificate, key } = await authority.issue(name, { dns: had ?? [host] }, { days });
  const used = uses ? ['-addext', `extendedKeyUsage=${uses}`] : [];
  const csr = openssl('req', '-new', '-key', key, ...about(name), ...used);
  return { name, csr, certificate: readFileSync(certificate, 'utf8') };
}

/** With a new key. */
const requestOf = (authority: Authority, name: string): string =>
  openssl(
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', `${authority.folder}/other.key`, ...about(name)],
  );

const about = (name: string): string[] => [
  '-subj',
  `/CN=${name}`,
  '-addext',
  `subjectAltName=DNS:${name}.example.org`,
];

const openssl = (...options: string[]): string =>
  execFileSync('openssl', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
