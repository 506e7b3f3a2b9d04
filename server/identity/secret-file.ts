import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../storage/make-folder.ts';
import type { SecretSource } from './identity.ts';

export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

/** Before the one that sealed it until now, or that will. */
const ALSO = /^also:/m;

/**
 * The keys that open the server's identity in the database, as base64: the one that seals it, and behind `also:` others
 * that open it while it is being sealed with another.
 */
export function readSecretFile(path: string): readonly [Buffer, ...Buffer[]] {
  const [seals, ...others] = textOf(path)
    .split(ALSO)
    .map((text) => Buffer.from(text, 'base64'));
  if ([seals!, ...others].every(({ length }) => length >= 32)) return [seals!, ...others];
  throw new SecretFileError(`The secret file ${path} must hold at least 32 bytes as base64`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw missing(path);
    throw new SecretFileError(
      `The secret file ${path} cannot be read: ${(cause as Error).message}`,
    );
  }
}

const missing = (path: string) =>
  new SecretFileError(
    `The secret file ${path} is missing: bring it back from where it was kept. Without it nobody can open the signing key in the database.`,
  );

/** Of a server that is alone, in its data folder. */
export const ownSecretFile = (path: string): SecretSource => ({
  existing: () => readSecretFile(path),
  forNewIdentity: () => readOrMake(path),
});

/** Of a cluster: the operator makes it, for all sites. */
export const sharedSecretFile = (path: string): SecretSource => {
  // One that is missing is told at the start. Later ones are known to the next takeover without a restart.
  readSecretFile(path);
  return { existing: () => readSecretFile(path), forNewIdentity: () => readSecretFile(path)[0] };
};

/** Made once, and never overwritten. */
function readOrMake(path: string): Buffer {
  try {
    makeFolder(dirname(path));
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, `${randomBytes(32).toString('base64')}\n`);
      // The database will be sealed with it: it must not be lost to a power cut that spares those.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readSecretFile(path)[0];
}
