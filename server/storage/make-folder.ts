import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** A folder cannot be made or written: the operator must allow it, or name another one. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
}

/**
 * Makes a folder and those above it, as far as they are missing, and sees to it that it can be
 * written. Node's own `recursive` never ends below /proc, where making one is answered ENOENT.
 */
export function makeFolder(path: string) {
  try {
    make(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof FolderError) throw cause;
    throw new FolderError(`The folder ${path} cannot be used: ${inWords(path, cause)}`, { cause });
  }
}

function make(path: string) {
  const above = dirname(path);
  if (!existsSync(path) && above !== path && !existsSync(above)) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!statSync(path).isDirectory()) throw notAFolder(path);
  }
}

const notAFolder = (path: string) => Object.assign(new Error(path), { code: 'ENOTDIR' });

function inWords(path: string, error: unknown): string {
  const above = dirname(path);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return `the user ${userInfo().username} may not write in ${existsSync(path) ? path : above}.`;
    case 'ENOTDIR':
      return `${existsSync(path) ? path : above} is no folder.`;
    case 'EROFS':
      return 'its disk can only be read.';
    case 'ENOENT':
      return `no folder can be made in ${above}.`;
    default:
      return `${(error as Error).message}.`;
  }
}
