import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import type { Disk } from '../facts.ts';
import { within } from '../within.ts';

/** Of each disk below these folders the first; a folder that is not there is left out. */
export async function lookAtDisks(folders: readonly string[]): Promise<Disk[]> {
  const seen = await Promise.all(folders.map((path) => within(lookAt(path)).catch(() => null)));
  const disks = new Map<number, Disk>();
  for (const found of seen)
    if (found !== null && !disks.has(found.device)) disks.set(found.device, found.disk);
  return [...disks.values()];
}

async function lookAt(path: string): Promise<{ device: number; disk: Disk }> {
  const [{ dev }, of, readOnly] = await Promise.all([stat(path), statfs(path), isReadOnly(path)]);
  const disk = {
    path,
    // Of the rest only root may write.
    freeBytes: of.bavail * of.bsize,
    bytes: of.blocks * of.bsize,
    freeFiles: of.files === 0 ? 1 : of.ffree / of.files,
    readOnly,
  };
  return { device: dev, disk };
}

/** The kernel says so before it asks who may write. */
const isReadOnly = (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => false,
    (error: { code?: string }) => error.code === 'EROFS',
  );
