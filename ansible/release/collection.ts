import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface CollectionOptions {
  /** What git knows of it goes in, as it lies there now. */
  readonly checkout: string;
  /** The folder for the archive. */
  readonly into: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export const NAME = 'farol.cluster';

const SOURCES = ['ansible', 'patroni-config', 'LICENSE'];

/** Where files of `ansible/` go in a collection; a playbook beside it goes to `playbooks`, and nothing else goes along. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^roles\//, 'roles/'],
  [/^library\//, 'plugins/modules/'],
  [/^filter_plugins\//, 'plugins/filter/'],
  [/^inventories\//, 'inventories/'],
  [/^group_vars\//, 'playbooks/group_vars/'],
  [/^(?=[a-z-]+\.yml$)/, 'playbooks/'],
  [/^(?=(README\.md|ansible\.cfg)$)/, ''],
];

/**
 * Makes the archive of the collection, which `ansible-galaxy collection install` takes; returns its path. In the checkout the same files lie where
 * `ansible-playbook site.yml` finds them. Needs `ansible-galaxy`; throws, with what it said, if that fails.
 */
export function buildCollection({ checkout, into, environment }: CollectionOptions): string {
  const tree = mkdtempSync(join(tmpdir(), 'farol-collection-'));
  try {
    const version = versionOf(checkout);
    writeTree(checkout, tree);
    writeFileSync(join(tree, 'galaxy.yml'), galaxy(version));
    mkdirSync(join(tree, 'meta'));
    writeFileSync(join(tree, 'meta/runtime.yml'), 'requires_ansible: ">=2.14.0"\n');
    mkdirSync(into, { recursive: true });
    const options = ['collection', 'build', '--force', '--output-path', into, tree];
    galaxyDoes(options, environment ?? process.env);
    return join(into, `${NAME.replace('.', '-')}-${version}.tar.gz`);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function galaxyDoes(options: readonly string[], env: NodeJS.ProcessEnv): void {
  try {
    execFileSync('ansible-galaxy', options, { env, stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('A collection is built by ansible-galaxy: apt install ansible-core', {
      cause: error,
    });
  }
}

function writeTree(checkout: string, tree: string): void {
  const files = git(checkout, ['ls-files', '-z', ...SOURCES]);
  const filters = filtersOf(checkout);
  for (const path of files.split('\0').filter((name) => name !== '')) {
    const place = placeOf(path);
    if (place === null) continue;
    mkdirSync(dirname(join(tree, place)), { recursive: true });
    cpSync(join(checkout, path), join(tree, place));
    if (/\.ya?ml$|\.cfg$/.test(place)) rewrite(join(tree, place), filters);
  }
}

function placeOf(path: string): string | null {
  if (!path.startsWith('ansible/')) return path;
  const own = path.slice('ansible/'.length);
  const [pattern, place] = PLACES.find(([each]) => each.test(own)) ?? [];
  if (pattern === undefined) return null;
  // By its name a playbook is found only where that is one word.
  const named = (name: string) => name.replaceAll('-', '_');
  return own.replace(pattern, place!).replace(/^playbooks\/[^/]+$/, named);
}

function filtersOf(checkout: string): string[] {
  const folder = 'ansible/filter_plugins';
  const files = git(checkout, ['ls-files', '-z', folder]).split('\0');
  return files
    .filter((name) => name.endsWith('.py'))
    .flatMap((name) => [
      ...readFileSync(join(checkout, name), 'utf8').matchAll(/"(farol_\w+)": \w/g),
    ])
    .map(([, filter]) => filter!);
}

/** Only modules and roles are found by their short names in a collection; and where those are, is nothing that a configuration says. */
function rewrite(file: string, filters: readonly string[]): void {
  const asFilter = new RegExp(`(\\| *|map\\(')(${filters.join('|')})\\b`, 'g');
  const text = readFileSync(file, 'utf8')
    .replaceAll(asFilter, `$1${NAME}.$2`)
    .replaceAll(/^(inventory|roles_path|library|filter_plugins) = .*\n/gm, '');
  writeFileSync(file, text);
}

/** Of what goes in, the files that are other than in HEAD: in an inventory it may be somebody's hosts and secrets. */
export function uncommitted(checkout: string): string[] {
  const list = ['status', '--porcelain', '--untracked-files=no', '--', ...SOURCES];
  return git(checkout, list)
    .split('\n')
    .filter((line) => line !== '');
}

/** A later commit has a higher one: an installed collection is not replaced by another of the same version. */
function versionOf(checkout: string): string {
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  const [major, minor] = (version as string).split('.');
  const time = ['log', '-1', '--format=%cd', '--date=format-local:%Y%m%d%H%M%S'];
  return `${major}.${minor}.${git(checkout, time).trim()}`;
}

const git = (cwd: string, words: readonly string[]): string =>
  execFileSync('git', words, { cwd, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });

const galaxy = (version: string): string =>
  JSON.stringify({
    ...{ namespace: 'farol', name: 'cluster', version, readme: 'README.md', authors: ['Farol'] },
    description: 'From bare Debian hosts to a running cluster of Farol, a Matrix homeserver',
    license: ['Apache-2.0'],
    dependencies: { 'community.crypto': '*' },
  });
