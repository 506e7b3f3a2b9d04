import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { TemplateValues } from '../../test/cluster/support/template.ts';
import { ANSIBLE, ansible } from './ansible.ts';

export interface Rendered {
  readonly files: Readonly<Record<string, string>>;
  readonly told: Readonly<Record<string, TemplateValues>>;
}

/** What Ansible would write at each host of one of the example inventories, or of one in another folder. */
export async function render(inventory: string, told: object = {}, options: string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-rendered-'));
  const known = {
    render_into: folder,
    plan_templates: join(ANSIBLE, '../patroni-config'),
    farol_interface: 'eth0',
    farol_shared_buffers: '1GB',
    ...told,
  };
  const { status, said } = await ansible(
    'ansible-playbook',
    ...['--inventory', resolve(ANSIBLE, 'inventories', inventory)],
    ...['--extra-vars', '@group_vars/all.yml', '--extra-vars', JSON.stringify(known)],
    ...options,
    join('test', 'render.yml'),
  );
  expect(said).not.toContain('fatal:');
  expect(status).toBe(0);
  const hosts = readdirSync(folder).map((file) => {
    const told = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Rendered;
    const at = (name: string, changed = (text: string) => text) => {
      const path = join(folder, `${file}-${name}`);
      writeFileSync(path, changed(told.files[name]!));
      return path;
    };
    return { ...told, at };
  });
  return {
    hosts,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}
