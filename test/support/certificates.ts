import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Issued {
  certificate: string;
  key: string;
}

export interface Authority {
  folder: string;
  ca: string;
  caKey: string;
  /** Issues a certificate for these names and addresses, as `<name>.crt` and `<name>.key`. */
  issue(
    name: string,
    subjects: { dns?: string[]; ip?: string[] },
    options?: { days?: number },
  ): Promise<Issued>;
}

/** A certificate authority of its own, made with the openssl program, in a folder of its own. */
export async function certificateAuthority(into?: string): Promise<Authority> {
  const folder = into ?? (await mkdtemp(join(tmpdir(), 'farol-ca-')));
  const at = (file: string) => join(folder, file);
  const [ca, caKey] = [at('ca.crt'), at('ca.key')];
  await openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    caKey,
    '-out',
    ca,
    '-subj',
    '/CN=Test CA',
    ...CA_USE,
  );
  return {
    folder,
    ca,
    caKey,
    async issue(name, { dns = [], ip = [] }, { days = 30 } = {}) {
      const [certificate, key, request] = [at(`${name}.crt`), at(`${name}.key`), at(`${name}.csr`)];
      const names = [...dns.map((each) => `DNS:${each}`), ...ip.map((each) => `IP:${each}`)];
      await writeFile(at(`${name}.ext`), `subjectAltName=${names.join(',')}\n${KEY_IDS}`);
      await openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
      const signing = [
        '-CA',
        ca,
        '-CAkey',
        caKey,
        // A file that counts would break when two are issued at once.
        '-set_serial',
        `0x${randomBytes(16).toString('hex')}`,
        '-extfile',
        at(`${name}.ext`),
      ];
      const life = ['-days', String(days)];
      await openssl('x509', '-req', '-in', request, '-out', certificate, ...life, ...signing);
      return { certificate, key };
    },
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Python 3.13, and so Patroni, checks strictly: a CA must state its use, a certificate who issued it. */
const CA_USE = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
const KEY_IDS = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';

const openssl = (...options: string[]) => run('openssl', options);
