import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible } from './ansible.ts';

const playbooks = readdirSync(ANSIBLE).filter(
  (name) => name.endsWith('.yml') && !name.startsWith('.'),
);
const inventories = readdirSync(join(ANSIBLE, 'inventories'));

test.skipIf(!ANSIBLE_IS_HERE)(
  'Ansible can read every playbook',
  async () => {
    expect(playbooks).toContain('site.yml');
    const { status, said } = await ansible('ansible-playbook', '--syntax-check', ...playbooks);
    expect(said).not.toContain('ERROR');
    expect(status).toBe(0);
  },
  600_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'ansible-lint has nothing to say in its production profile, with nothing skipped',
  async () => {
    const { status, said } = await ansible('ansible-lint', '--offline', '--profile=production');
    expect(said).toContain(' 0 failure(s), 0 warning(s)');
    expect(status).toBe(0);
  },
  600_000,
);

test('every playbook first refuses to be run in parts', () => {
  const first = (name: string) =>
    /import_playbook: (\S+)/.exec(
      readFileSync(join(ANSIBLE, name), 'utf8').split(/^- name: /m)[1]!,
    )?.[1];
  for (const name of playbooks.filter((each) => each !== 'whole.yml'))
    expect([name, first(name)]).toEqual([name, expect.stringMatching(/^(whole|refuse)\.yml$/)]);
  expect(first('refuse.yml')).toBe('whole.yml');
});

// Ansible fills in what stands in braces there, in descriptions too: a variable that an inventory need not tell would end every run.
test('nothing is to be filled in where the arguments of roles are described', () => {
  const described = readdirSync(join(ANSIBLE, 'roles'))
    .map((role) => join(ANSIBLE, 'roles', role, 'meta/argument_specs.yml'))
    .filter((file) => existsSync(file));
  expect(described.length).toBeGreaterThan(0);
  for (const file of described) expect(readFileSync(file, 'utf8')).not.toMatch(/\{[{%]/);
});

// Core 2.14 fills in all of a condition's variables before it looks at any of it: the first answer that is none would end the run.
test('what is asked until it holds can be read where nothing was said yet', () => {
  const files = readdirSync(join(ANSIBLE, 'roles'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\/tasks\/.*\.yml$/.test(file),
  );
  const asked = files
    .flatMap((file) => parse(readFileSync(join(ANSIBLE, 'roles', file), 'utf8')) as Task[])
    .filter((task) => task?.until !== undefined);
  expect(asked.length).toBeGreaterThan(4);
  for (const { name, vars } of asked)
    expect([name, JSON.stringify(vars ?? {})]).not.toContainEqual(
      expect.stringMatching(/stdout \| from_json/),
    );
});

interface Task {
  readonly name: string;
  readonly until?: unknown;
  readonly vars?: object;
}

test.skipIf(!ANSIBLE_IS_HERE).each(inventories)(
  'the example inventory %s has a floating address and hosts with addresses',
  async (name) => {
    const { status, said } = await ansible(
      'ansible-inventory',
      '--inventory',
      join('inventories', name),
      '--list',
    );
    expect(status).toBe(0);
    expect(said).toContain('"farol_addresses"');
    expect(said).toContain('"ansible_host"');
  },
  600_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'what playbooks keep beside the hosts is no inventory, also where the whole folder is told as one',
  async () => {
    const folder = join(temporaryFolder(), 'chat');
    cpSync(join(ANSIBLE, 'inventories/three-sites'), folder, { recursive: true });
    for (const [kept, file] of [
      ['secrets', 'secret'],
      ['drills', 'drill.json'],
      ['monitoring', 'farol.rules.yml'],
      ['.', 'chat.key'],
    ] as const) {
      mkdirSync(join(folder, kept), { recursive: true });
      writeFileSync(join(folder, kept, file), file.includes('.') ? '{"kept": {}}' : 'kept\n');
    }
    const { said, status } = await ansible('ansible-inventory', '--inventory', folder, '--list');
    expect(status).toBe(0);
    expect(said).toContain('"north"');
    expect(said).not.toContain('kept');
    expect(said).not.toContain('WARNING');
  },
  600_000,
);
