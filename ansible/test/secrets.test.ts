import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSecretFile } from '../../server/identity/secret-file.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);

const OURS = { 'ca.crt': 'of the first\n', secret: 'a1b2' };

onlyWithAnsible.each([
  { what: 'bare', host: {}, controller: {} },
  { what: 'of this cluster', host: OURS, controller: OURS },
  {
    what: 'told of the secret that is to come',
    host: { ...OURS, secret: 'a1b2\nalso: c3d4\n' },
    controller: { ...OURS, 'secret.next': 'c3d4' },
  },
  {
    what: 'told of none, while another is to come',
    host: OURS,
    controller: { ...OURS, 'secret.next': 'c3d4' },
  },
  ...['a1b2\nalso: c3d4\n', 'c3d4\nalso: a1b2\n', 'c3d4'].map((secret) => ({
    what: `given ${JSON.stringify(secret)} while another takes over`,
    host: { ...OURS, secret },
    controller: { ...OURS, secret: 'c3d4', 'secret.previous': 'a1b2' },
  })),
  { what: 'a witness, which has no secret', host: { 'ca.crt': OURS['ca.crt'] }, controller: OURS },
])(
  'a host that is $what is not refused for its secrets',
  async ({ host, controller }) => {
    const { said, status } = await compare(host, controller);
    expect([status, said]).toEqual([0, expect.not.stringContaining('was made with another')]);
  },
  300_000,
);

onlyWithAnsible.each([
  { what: 'lost its folder of secrets', controller: {}, told: 'another ca.crt and secret than' },
  {
    what: 'has another secret',
    controller: { ...OURS, secret: 'c3d4' },
    told: 'another secret than',
  },
  {
    what: 'is about to change another one',
    controller: { ...OURS, secret: 'c3d4', 'secret.next': 'e5f6' },
    told: 'another secret than',
  },
])(
  'a host keeps the secret that opens the database where the controller $what',
  async ({ controller, told }) => {
    const { said, status } = await compare(OURS, controller);
    expect(said).toContain(told);
    expect(said).not.toMatch(/a1b2|c3d4/);
    expect(status).not.toBe(0);
  },
  300_000,
);

onlyWithAnsible.each([
  { beside: {}, told: ['a1b2'] },
  { beside: { 'secret.next': 'c3d4' }, told: ['a1b2', 'c3d4'] },
  { beside: { 'secret.previous': 'e5f6' }, told: ['a1b2', 'e5f6'] },
])(
  'a server reads $told out of what a site is given, the first as the one that seals',
  async ({ beside, told }) => {
    const long = (text: string) => text.repeat(16);
    const folder = temporaryFolder();
    const given = { secret: 'a1b2', ...beside };
    const texts = Object.entries(given).map(([name, text]) => [name, long(text)]);
    const plan_secrets_dir = folderWith(join(folder, 'controller'), Object.fromEntries(texts));
    const given_to = join(folder, 'given');
    const vars = JSON.stringify({ plan_secrets_dir, given_to });
    const { said, status } = await ansible(
      ...['ansible-playbook', '--extra-vars', vars, 'test/given.yml'],
    );
    expect([status, said]).toEqual([0, expect.not.stringContaining('fatal')]);
    const read = readSecretFile(given_to).map((secret) => secret.toString('base64'));
    expect(read).toEqual(told.map(long));
  },
  300_000,
);

onlyWithAnsible.each([
  { what: 'A key in the folder of secrets', lock: lockedKey },
  { what: 'An option of the server', lock: lockedOption },
])(
  '$what that opens with another password than is told, or with one where none is told, is named before anything is changed, and shown to nobody',
  async ({ lock }) => {
    const folder = temporaryFolder();
    for (const password of ['right', 'wrong']) writeFileSync(join(folder, password), password);
    const opened = (password: string) => ['--vault-password-file', join(folder, password)];
    const plan_secrets_dir = folderWith(join(folder, 'controller'), { ...OURS, 'ca.key': 'k3y' });
    const options = await lock({ folder, plan_secrets_dir, opened: opened('right') });
    const run = (...password: string[]) =>
      ansible('ansible-playbook', ...password, ...options, 'test/secrets.yml');

    const right = await run(...opened('right'));
    expect([right.status, right.said]).toEqual([0, expect.not.stringMatching(/fatal|k3y/)]);
    for (const password of [opened('wrong'), []]) {
      const { said, status } = await run(...password);
      expect(said).toMatch(/decrypt/i);
      expect(said).not.toContain('k3y');
      expect(status).not.toBe(0);
    }
  },
  300_000,
);

interface Locking {
  readonly folder: string;
  readonly plan_secrets_dir: string;
  readonly opened: readonly string[];
}

/** Both return the options of a playbook that is told of it. */
async function lockedKey({ plan_secrets_dir, opened }: Locking): Promise<string[]> {
  const key = join(plan_secrets_dir, 'ca.key');
  expect((await ansible('ansible-vault', 'encrypt', ...opened, key)).status).toBe(0);
  return ['--extra-vars', JSON.stringify({ ...hostOf(OURS), plan_secrets_dir })];
}

async function lockedOption({ folder, plan_secrets_dir, opened }: Locking): Promise<string[]> {
  const order = ['encrypt_string', ...opened, '--name', 'registrationSharedSecret', 'k3y'];
  const { printed } = await ansible('ansible-vault', ...order);
  const locked = /registrationSharedSecret: !vault \|(\n +[$\w.;]+)+/.exec(printed)![0];
  const options = join(folder, 'options.yml');
  writeFileSync(options, `farol_server_options:\n${locked.replaceAll(/^/gm, '  ')}\n`);
  const told = JSON.stringify({ ...hostOf(OURS), plan_secrets_dir });
  return ['--extra-vars', told, '--extra-vars', `@${options}`];
}

const hostOf = (host: Files) => ({
  plan_tls_dir: '/etc/farol/tls',
  preflight_seen: { made_with: checksums(host) },
});

type Files = Readonly<Record<string, string>>;

async function compare(host: Files, controller: Files) {
  const folder = temporaryFolder();
  const told = JSON.stringify({
    ...hostOf(host),
    plan_secrets_dir: folderWith(join(folder, 'controller'), controller),
  });
  return ansible('ansible-playbook', '--extra-vars', told, 'test/secrets.yml');
}

/** As the survey of a host tells them; null where it has no such file. */
function checksums(files: Files) {
  const of = (name: string) =>
    files[name] === undefined ? null : createHash('sha256').update(files[name]).digest('hex');
  return { 'ca.crt': of('ca.crt'), secret: of('secret') };
}

function folderWith(folder: string, files: Files): string {
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
