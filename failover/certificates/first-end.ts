import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** When the first of all certificates in these PEM texts ends (RFC 3339); null where there is none. */
export function firstEndOf(pems: readonly Buffer[]): string | null {
  const ends = pems
    .flatMap((pem) => pem.toString('latin1').match(CERTIFICATE) ?? [])
    .map((pem) => new X509Certificate(pem).validToDate.toISOString());
  return earliest(ends);
}

/** Of times in RFC 3339, all in UTC. */
export const earliest = (ends: readonly (string | null)[]): string | null =>
  ends.filter((end) => end !== null).sort()[0] ?? null;
