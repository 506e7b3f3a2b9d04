import { execFile } from 'node:child_process';
import { access, constants, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A disk that holds what PostgreSQL writes at one site: a file with a file system in it, mounted by its loop device. */
export interface Disk {
  /** Where it is mounted on this machine. */
  readonly folder: string;
  /** Whatever is written there waits from now on, and cannot be killed. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** So that this part of it, from 0 to 1, is used. */
  fillTo(used: number): Promise<void>;
  makeRoom(): Promise<void>;
  remove(): Promise<void>;
}

/** Sparse: it takes what is written. As large as to leave PostgreSQL room for its log in the last part. */
const SIZE = '4G';
const COMMAND_WITHIN_MS = 30_000;

/** It takes root, loop devices and e2fsprogs. */
export const DISKS_CAN_BE_MADE =
  process.getuid?.() === 0 &&
  (await Promise.all(
    ['/dev/loop-control', '/usr/sbin/mkfs.ext4', '/usr/sbin/fsfreeze'].map((path) =>
      access(path, constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  ).then((there) => there.every(Boolean)));

export async function makeDisk(within: string, name: string): Promise<Disk> {
  const [image, folder] = [join(within, `${name}.disk`), join(within, `${name}.data`)];
  const filling = join(folder, 'filling');
  await command('truncate', '-s', SIZE, image);
  // Nothing is kept for root, which fills it here.
  await command('mkfs.ext4', '-q', '-m', '0', image);
  await mkdir(folder);
  await command('mount', '-o', 'loop', image, folder);
  let frozen = false;
  const thaw = async () => {
    if (frozen) await command('fsfreeze', '--unfreeze', folder);
    frozen = false;
  };
  return {
    folder,
    freeze: async () => {
      frozen = true;
      await command('fsfreeze', '--freeze', folder);
    },
    thaw,
    fillTo: async (used) => {
      const [size, available] = (await command('df', '-B1', '--output=size,avail', folder))
        .trim()
        .split('\n')
        .at(-1)!
        .trim()
        .split(/\s+/)
        .map(Number);
      const bytes = Math.floor(available! - (1 - used) * size!);
      await command('fallocate', '-l', String(bytes), filling);
    },
    makeRoom: () => rm(filling, { force: true }),
    remove: async () => {
      await thaw();
      await command('umount', folder);
      await rm(image);
    },
  };
}

async function command(program: string, ...options: string[]): Promise<string> {
  const { stdout } = await run(program, options, { timeout: COMMAND_WITHIN_MS });
  return stdout;
}
