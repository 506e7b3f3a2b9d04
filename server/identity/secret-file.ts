import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

/** The key that opens the server's identity in the database, as base64 on one line. */
export function readSecretFile(path: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new SecretFileError(
      `The secret file ${path} cannot be read: ${(cause as Error).message}`,
    );
  }
  const secret = Buffer.from(text, 'base64');
  if (secret.length >= 32) return secret;
  throw new SecretFileError(`The secret file ${path} must hold at least 32 bytes as base64`);
}

/** Made once, in the data folder of a server that is alone; never overwritten. */
export function readOrMakeSecretFile(path: string): Buffer {
  try {
    mkdirSync(dirname(path), { recursive: true });
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
  return readSecretFile(path);
}
