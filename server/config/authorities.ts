import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

/** At the start, not when the first connection is made. */
export function refuseWrongAuthorities(file: string | undefined): void {
  if (file === undefined) return;
  try {
    new X509Certificate(readFileSync(file));
  } catch (cause) {
    throw new ConfigError(
      `The key "federation.ca" names ${file}, which is no PEM file with a certificate that can be read (${(cause as Error).message}): name another one, or leave the key out.`,
      { cause },
    );
  }
}
