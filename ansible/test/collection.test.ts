import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { buildCollection, uncommitted } from '../release/collection.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ENVIRONMENT } from './ansible.ts';

// The same playbooks as a collection, away from the checkout and from its ansible.cfg.

test.skipIf(!ANSIBLE_IS_HERE)(
  'ansible-galaxy builds a collection out of them, and what is installed of it does as the checkout does',
  () => {
    const { folder, root, run } = installed();
    const known = JSON.parse(readFileSync(join(root, 'MANIFEST.json'), 'utf8'));
    expect(known.collection_info).toMatchObject({ namespace: 'farol', name: 'cluster' });

    const playbooks = readdirSync(join(root, 'playbooks')).filter((name) => /\.yml$/.test(name));
    const own = readdirSync(ANSIBLE).filter((name) => /^[^.].*\.yml$/.test(name));
    expect(playbooks).toEqual(own.map((name) => name.replaceAll('-', '_')).sort());
    const named = playbooks.map((name) => `farol.cluster.${name.replace(/\.yml$/, '')}`);
    const inventory = join(folder, 'hosts.yml');
    writeFileSync(inventory, JSON.stringify(INVENTORY));
    const checked = run('ansible-playbook', '-i', inventory, '--syntax-check', ...named);
    expect([checked.said, checked.status]).toEqual([expect.any(String), 0]);

    const refused = run('ansible-playbook', '-i', inventory, 'farol.cluster.refuse');
    expect(refused.said).toContain(
      'There is no variable farol_adresses; did you mean farol_addresses?',
    );
    expect(refused.status).not.toBe(0);
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'in it every filter of ours is asked for by its whole name, since a shorter one is not found there',
  () => {
    const { root } = installed();
    const short = spawnSync(
      'grep',
      ['-rnE', "(\\||map\\(')\\s*farol_[a-z_]+\\b", '--include=*.yml', root],
      { encoding: 'utf8' },
    ).stdout.split('\n');
    const filters = readdirSync(join(root, 'plugins/filter')).flatMap((name) => [
      ...readFileSync(join(root, 'plugins/filter', name), 'utf8').matchAll(/"(farol_\w+)": \w/g),
    ]);
    expect(filters.length).toBeGreaterThan(10);
    for (const [, filter] of filters)
      expect(
        short.filter((line) => new RegExp(`(\\||map\\(')\\s*${filter}\\b`).test(line)),
      ).toEqual([]);
  },
  300_000,
);

test('who has no Ansible is told what builds it', () => {
  const folder = temporaryFolder();
  const where = { checkout: join(ANSIBLE, '..'), into: folder, environment: { PATH: folder } };
  expect(() => buildCollection(where)).toThrow('apt install ansible-core');
});

test('what was changed and not committed is named, since it would go in', () => {
  const checkout = repository();
  commit(checkout, { 'ansible/inventories/example/hosts.yml': 'all: {}\n' });
  expect(uncommitted(checkout)).toEqual([]);
  writeFileSync(join(checkout, 'ansible/inventories/example/hosts.yml'), 'secret: yes\n');
  writeFileSync(join(checkout, 'ansible/mine.yml'), 'not known to git, so it does not go in\n');
  writeFileSync(join(checkout, 'package.json'), '{"version": "0.1.1"}');
  expect(uncommitted(checkout)).toEqual([' M ansible/inventories/example/hosts.yml']);
});

test.skipIf(!ANSIBLE_IS_HERE)(
  'of a later commit a collection takes the place of the one that is installed',
  () => {
    const [checkout, into] = [repository(), temporaryFolder()];
    const role = 'roles/one/tasks/main.yml';
    const env = { ...ENVIRONMENT, ANSIBLE_COLLECTIONS_PATH: into };
    const installedOf = (text: string, date: string) => {
      commit(checkout, { [`ansible/${role}`]: `# ${text}\n[]\n` }, date);
      const archive = buildCollection({ checkout, into, environment: ENVIRONMENT });
      const install = ['collection', 'install', '--no-deps', '--collections-path', into, archive];
      execFileSync('ansible-galaxy', install, { cwd: into, env, stdio: 'pipe' });
      return readFileSync(join(into, 'ansible_collections/farol/cluster', role), 'utf8');
    };
    expect(installedOf('the first', '2026-11-28T01:00:00+01:00')).toContain('the first');
    expect(installedOf('the second', '2026-11-28T00:00:01+00:00')).toContain('the second');
    expect(readdirSync(into)).toContain('farol-cluster-0.1.20261128000001.tar.gz');
  },
  300_000,
);

/** With as little as a collection takes. */
function repository(): string {
  const checkout = temporaryFolder();
  execFileSync('git', ['init', '-q'], { cwd: checkout });
  commit(checkout, {
    'package.json': '{"version": "0.1.0"}',
    LICENSE: 'None\n',
    'ansible/README.md': 'Farol\n',
    'ansible/filter_plugins/one.py': 'FILTERS = {"farol_one": one}\n',
    'patroni-config/patroni.yml': '{}\n',
  });
  return checkout;
}

function commit(
  checkout: string,
  files: Readonly<Record<string, string>>,
  date = '2026-11-27T00:00:00Z',
) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(checkout, dirname(name)), { recursive: true });
    writeFileSync(join(checkout, name), text);
  }
  const named = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  const env = { ...process.env, GIT_COMMITTER_DATE: date };
  execFileSync('git', ['add', '.'], { cwd: checkout });
  execFileSync('git', [...named, 'commit', '-q', '-m', 'test'], { cwd: checkout, env });
}

/** A known variable is misspelt, which the filter that finds the nearest one tells. */
const INVENTORY = {
  all: { vars: { farol_cluster: 'test', farol_server_name: 'example.org', farol_adresses: [] } },
  sites: {
    hosts: Object.fromEntries(
      ['north', 'south', 'harbour'].map((name, index) => [
        name,
        { ansible_host: `192.0.2.${11 + index}` },
      ]),
    ),
  },
};

/** A collection that was just built, where nothing of the checkout is on any path. */
function installed() {
  const folder = temporaryFolder();
  const options = { checkout: join(ANSIBLE, '..'), into: folder, environment: ENVIRONMENT };
  const archive = buildCollection(options);
  // Beside those that came with Ansible, which are found all the same.
  const env = { ...ENVIRONMENT, ANSIBLE_COLLECTIONS_PATH: folder, ANSIBLE_BECOME: 'false' };
  const install = ['collection', 'install', '--no-deps', '--collections-path', folder, archive];
  execFileSync('ansible-galaxy', install, { cwd: folder, env, stdio: 'pipe' });
  return {
    folder,
    root: join(folder, 'ansible_collections/farol/cluster'),
    run(program: string, ...words: string[]) {
      const { status, stdout, stderr } = spawnSync(program, words, {
        ...{ cwd: folder, env, encoding: 'utf8' },
      });
      return { status, said: `${stdout}${stderr}`.replace(/\s+/g, ' ') };
    },
  };
}
