import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ANSIBLE_IS_HERE, ansible, localSites } from './ansible.ts';

vi.setConfig({ testTimeout: 300_000 });

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);

onlyWithAnsible(
  'the authority is made once, and signs also when its key is locked by Ansible Vault',
  async () => {
    await using secrets = emptyFolder();
    expect((await make(secrets)).status).toBe(0);
    const certificate = secrets.read('ca.crt');
    writeFileSync(secrets.password, 'correct horse\n');
    const names = ['ca.key', 'relays.key', 'secret'].map((name) => join(secrets.folder, name));
    const subjectOf = (name: string) =>
      new X509Certificate(secrets.read(name)).subject.replace('CN=', '');
    expect(subjectOf('ca.crt')).toBe('Farol cluster example');
    expect(subjectOf('relays.crt')).toBe('Relays of Farol cluster example');
    const vault = ['--vault-password-file', secrets.password];
    expect((await ansible('ansible-vault', 'encrypt', ...vault, ...names)).status).toBe(0);
    const locked = secrets.read('ca.key');
    expect(locked).toContain('$ANSIBLE_VAULT');

    const again = await make(secrets, ...vault);
    expect(again.status).toBe(0);
    expect(secrets.read('ca.key')).toBe(locked);
    expect(secrets.read('ca.crt')).toBe(certificate);

    writeFileSync(secrets.password, 'wrong\n');
    const wrong = await make(secrets, ...vault);
    expect(wrong.said).toContain('Decryption failed');
    expect(wrong.status).not.toBe(0);
    expect(secrets.read('ca.key')).toBe(locked);
  },
);

onlyWithAnsible.each(['ca', 'relays'])(
  'no second authority is made where the key of %s.crt is lost',
  async (name) => {
    await using secrets = emptyFolder();
    writeFileSync(join(secrets.folder, `${name}.crt`), 'of the first');
    const ended = await make(secrets);
    expect(ended.said).toContain(`has ${name}.crt and no ${name}.key`);
    expect(ended.status).not.toBe(0);
    expect(secrets.read(`${name}.crt`)).toBe('of the first');
  },
);

onlyWithAnsible('nobody signs for relays where there are none', async () => {
  await using secrets = emptyFolder();
  await make(secrets, '--extra-vars', '{"farol_turn": false}');
  expect(readdirSync(secrets.folder).sort()).toEqual(['ca.crt', 'ca.key', 'hosts.yml', 'secret']);
});

/** Of one site, which has a relay. */
const make = ({ folder }: Secrets, ...options: string[]) => {
  const told = JSON.stringify({ plan_secrets_dir: folder, farol_cluster: 'example' });
  const known = [...localSites(folder, { localhost: { farol_turn: true } }), '--extra-vars', told];
  return ansible('ansible-playbook', ...known, ...options, 'test/authority.yml');
};

type Secrets = ReturnType<typeof emptyFolder>;

function emptyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-secrets-'));
  chmodSync(folder, 0o700);
  return {
    folder,
    password: join(folder, 'password'),
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}
