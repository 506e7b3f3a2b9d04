import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Release } from '../release/build.ts';
import { docker } from './docker.ts';
import { bareImage, type Lab, type LabOptions } from './machines.ts';

// What `site.yml` makes of bare hosts takes minutes, and is the same for every story that begins with a cluster: so it is kept, as
// images of hosts that were shut down, with the secrets of their inventory, and another story switches them on.

const execute = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
/** One place for each checkout, so that none takes away what another keeps. */
const place = createHash('sha256').update(checkout).digest('hex').slice(0, 8);
const REPOSITORY = `farol-lab-kept-${place}`;
const secretsOf = (key: string) => join(checkout, '.cache/provisioned/kept', key);

/** The addresses of the lab's hosts are in what is kept, so all stories of a checkout have the same. */
export const SUBNET = `10.231.${100 + (Number.parseInt(place, 16) % 100)}`;
export const LAB_NAME = `farol-test-ansible-${place}`;

/** By what the hosts would be made now: as long as it is the same, what was kept serves. */
export function keyOf(made: Pick<LabOptions, 'sites' | 'backups' | 'besides'>, release: Release) {
  const hash = createHash('sha256');
  const told = [made, release.sha256, bareImage(), process.env.FAROL_ANSIBLE ?? ''];
  hash.update(JSON.stringify(told)).update(readFileSync(join(import.meta.dirname, 'machines.ts')));
  for (const path of playbooks())
    hash.update(`${path}\n`).update(readFileSync(join(checkout, path)));
  return hash.digest('hex').slice(0, 12);
}

export const isKept = (key: string): boolean =>
  existsSync(secretsOf(key)) &&
  docker('image', 'ls', '--quiet', '--filter', `label=farol.kept=${key}`) !== '';

export const imageOf = (key: string, host: string): string => `${REPOSITORY}:${key}-${host}`;

export const giveSecrets = (key: string, folder: string): void =>
  cpSync(secretsOf(key), join(folder, 'secrets'), { recursive: true });

/**
 * Shuts all hosts down in order, as `poweroff` at each would, and switches them on again. What they are meanwhile is kept by that key,
 * in the place of what was kept before; nothing is where there is none.
 */
export async function goDark(lab: Lab, key: string | null): Promise<void> {
  const containers = lab.hosts.map(({ name }) => lab.containerOf(name));
  await execute('docker', ['stop', '--time', '180', ...containers]);
  if (key !== null) await keep(lab, key);
  docker('start', ...containers);
}

async function keep(lab: Lab, key: string): Promise<void> {
  forget();
  const label = `LABEL farol.kept=${key}`;
  const commit = ({ name }: { name: string }) =>
    execute('docker', ['commit', '--change', label, lab.containerOf(name), imageOf(key, name)]);
  await Promise.all(lab.hosts.map(commit));
  // Last: without them what is there of images serves nobody.
  cpSync(join(lab.folder, 'secrets'), secretsOf(key), { recursive: true });
}

function forget(): void {
  rmSync(join(checkout, '.cache/provisioned/kept'), { recursive: true, force: true });
  const images = docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', REPOSITORY);
  for (const image of images.split('\n').filter((name) => name !== ''))
    docker.maybe('image', 'rm', image);
}

/** All that decides what becomes of a host. */
const playbooks = (): string[] =>
  ['ansible', 'patroni-config']
    .flatMap((folder) =>
      readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    .filter((path) => statSync(join(checkout, path)).isFile())
    .filter((path) => !/__pycache__|^ansible\/(lab|test|inventories|release|README\.md)/.test(path))
    .sort();
