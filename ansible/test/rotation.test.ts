import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// New keys, and another authority: what is done on the controller and on a host. That hosts take it up is tried in ansible/lab.

vi.setConfig({ testTimeout: 300_000 });

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);

onlyWithAnsible(
  'another authority signs once all hosts trust it, and what was cut short on the way is completed',
  async () => {
    const secrets = await controller();
    await secrets.step('prepare');
    const next = secrets.read('ca.next.crt');
    expect(secrets.trusted()).toBe(`${secrets.first}\n${next}`);

    const early = await secrets.step('switch', secrets.first);
    expect(early.said).toContain('run this with -e authority=prepare first');
    expect(early.status).not.toBe(0);
    expect(secrets.read('ca.crt')).toBe(secrets.first);

    // Cut off after its key was put in place, and before its certificate was.
    copyFileSync(secrets.at('ca.crt'), secrets.at('ca.previous.crt'));
    copyFileSync(secrets.at('ca.next.key'), secrets.at('ca.key'));
    const trusted = `${secrets.first}\n${next}`;
    expect((await secrets.step('switch', trusted)).status).toBe(0);
    expect(secrets.read('ca.crt')).toBe(next);
    expect(existsSync(secrets.at('ca.next.crt')) || existsSync(secrets.at('ca.next.key'))).toBe(
      false,
    );
    expect(secrets.trusted()).toBe(trusted);
    expect(publicKeyOf(secrets.at('ca.key'))).toBe(publicKeyIn(secrets.at('ca.crt')));
  },
);

onlyWithAnsible(
  'a new key takes the place of the old one with its certificate, not before',
  async () => {
    const { folder: authority } = await certificateAuthority();
    for (const kind of ['crt', 'key'])
      copyFileSync(join(authority, `ca.${kind}`), join(authority, `relays.${kind}`));
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const certify = (anew: boolean, sign: boolean) => {
      const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
      const told = { group, anew, sign, plan_tls_dir: folder, plan_secrets_dir: authority };
      return ansible('ansible-playbook', 'test/keys.yml', '--extra-vars', JSON.stringify(told));
    };
    const isOneAnothers = () => publicKeyOf(at('site.key')) === publicKeyIn(at('site.crt'));
    expect((await certify(false, true)).said).not.toContain('fatal:');
    expect(isOneAnothers()).toBe(true);
    const first = readFileSync(at('site.key'), 'utf8');

    await certify(true, false);
    expect(readFileSync(at('site.key'), 'utf8')).toBe(first);
    // The next run that only renews leaves the key alone, whatever the other has left.
    await certify(false, true);
    expect(readFileSync(at('site.key'), 'utf8')).toBe(first);
    expect(isOneAnothers()).toBe(true);

    await certify(true, true);
    expect(readFileSync(at('site.key'), 'utf8')).not.toBe(first);
    expect(isOneAnothers()).toBe(true);
  },
);

async function controller() {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(at(name), 'utf8');
  const run = (playbook: string, told: object) => {
    const known = {
      plan_secrets_dir: folder,
      farol_cluster: 'example',
      plan_members: ['localhost'],
      ...told,
    };
    return ansible('ansible-playbook', playbook, '--extra-vars', JSON.stringify(known));
  };
  expect((await run('test/authority.yml', {})).status).toBe(0);
  return {
    at,
    read,
    first: read('ca.crt'),
    /** While the hosts trust that. */
    step: (step: string, hostsTrust = '') =>
      run('test/rotation.yml', { step, preflight_made: { 'ca.crt': sha256(hostsTrust) } }),
    trusted: () => read('trusted'),
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const publicKeyOf = (key: string) => openssl('pkey', '-in', key, '-pubout');
const publicKeyIn = (certificate: string) =>
  openssl('x509', '-in', certificate, '-noout', '-pubkey');
const openssl = (...options: string[]) => execFileSync('openssl', options, { encoding: 'utf8' });
