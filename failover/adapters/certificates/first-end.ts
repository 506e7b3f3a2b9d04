import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** When the first of all certificates in these PEM files ends (RFC 3339); null where there is none. */
export async function firstEndOf(files: readonly string[]): Promise<string | null> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const ends = texts
    .flatMap((text) => text.match(CERTIFICATE) ?? [])
    .map((pem) => new X509Certificate(pem).validToDate.getTime());
  return ends.length === 0 ? null : new Date(Math.min(...ends)).toISOString();
}
