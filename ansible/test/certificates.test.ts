import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// Which certificates are signed anew: the filter that decides, on what a host asks for.

vi.setConfig({ testTimeout: 300_000 });

test.skipIf(!ANSIBLE_IS_HERE)(
  'a certificate is made anew 30 days before it ends, and where its key, names or authority are others',
  async () => {
    const [authority, other] = await Promise.all([certificateAuthority(), certificateAuthority()]);
    const asked = await Promise.all([
      request('serves', authority, { days: 31 }),
      request('ends', authority, { days: 29 }),
      request('signed-by-another', other, { days: 300 }),
      request('of-other-names', authority, { days: 300, had: ['old.example.org'] }),
      {
        ...(await request('of-another-key', authority, { days: 300 })),
        csr: requestOf(authority, 'of-another-key'),
      },
      { ...(await request('missing', authority, { days: 300 })), certificate: '' },
    ]);
    const told = { requests: asked, authority: readFileSync(authority.ca, 'utf8') };
    const { said, status } = await ansible(
      'ansible-playbook',
      '--extra-vars',
      JSON.stringify({ told }),
      'test/certificates.yml',
    );
    expect([said, status]).toEqual([expect.any(String), 0]);
    expect(said).toContain(
      'unserved: ends signed-by-another of-other-names of-another-key missing.',
    );
  },
);

interface Had {
  readonly days: number;
  /** The names of the certificate that is there, where they are not those that are asked for. */
  readonly had?: string[];
}

async function request(name: string, authority: Authority, { days, had }: Had) {
  const host = `${name}.example.org`;
  const { certificate, key } = await authority.issue(name, { dns: had ?? [host] }, { days });
  const csr = openssl('req', '-new', '-key', key, ...about(name));
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
