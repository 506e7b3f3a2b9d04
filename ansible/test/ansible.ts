import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const ANSIBLE = join(import.meta.dirname, '..');

/** `.ci/run` installs Ansible there; elsewhere that of the path serves. `FAROL_ANSIBLE` is the folder of another one's programs. */
const INSTALLED = process.env.FAROL_ANSIBLE ?? join(ANSIBLE, '../.cache/ansible/bin');
const PATH = `${INSTALLED}${delimiter}${process.env.PATH}`;

/** Whether this machine has Ansible and its linter. */
export const ANSIBLE_IS_HERE =
  existsSync(join(INSTALLED, 'ansible-lint')) ||
  spawnSync('ansible-lint', ['--version'], { stdio: 'ignore' }).status === 0;

/** Whether it has Python 3, in which filters, modules and what roles bring to a host are written. */
export const PYTHON_IS_HERE = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0;

export interface Ended {
  readonly status: number | null;
  readonly printed: string;
  /** The same without line breaks, which come inside sentences. */
  readonly said: string;
}

/** Where its programs are found, and say the same everywhere. */
export const ENVIRONMENT = {
  ...process.env,
  PATH,
  LC_ALL: 'C.UTF-8',
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_LOCALHOST_WARNING: 'false',
  ANSIBLE_INVENTORY_UNPARSED_WARNING: 'false',
};

/** Runs one of Ansible's programs in the folder of the playbooks. */
export function ansible(program: string, ...options: string[]): Promise<Ended> {
  const child = spawn(program, options, {
    ...{ cwd: ANSIBLE, env: ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) =>
      resolve({ status, printed, said: printed.replace(/\s+/g, ' ') }),
    );
  });
}

/** An inventory of sites that are all this machine, each with what is told of it, as options of a playbook. */
export function localSites(folder: string, sites: Readonly<Record<string, object>>): string[] {
  const own = { ansible_connection: 'local', ansible_become: false };
  const hosts = Object.entries(sites).map(([name, told]) => [name, { ...own, ...told }] as const);
  const inventory = join(folder, 'hosts.yml');
  writeFileSync(inventory, JSON.stringify({ sites: { hosts: Object.fromEntries(hosts) } }));
  return ['--inventory', inventory];
}
