import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/** The way to the server, and how one knows that it is this. */
export interface Door {
  readonly origin: string;
  readonly host: string;
  readonly connect: Pick<ConnectionOptions, 'ca' | 'servername' | 'checkServerIdentity'> & {
    readonly allowPartialTrustChain: true;
  };
}

/**
 * The front of this machine, whoever leads. It is known by the certificate that lies here, whoever signed that: a password
 * goes to no other program that may listen in its place.
 */
export function ownFront(front: { listen: string; certificate: string }, publicUrl: string): Door {
  const [, address, port] = /^(.*):(\d+)$/.exec(front.listen) ?? [];
  const { hostname, host } = new URL(publicUrl);
  const shown = new X509Certificate(readFileSync(front.certificate));
  return {
    origin: `https://${LOOPBACK[address!] ?? address}:${port}`,
    host,
    connect: {
      ca: shown.toString(),
      // OpenSSL asks for the root of it else.
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
      ...(isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && { servername: hostname }),
    },
  };
}

/** Where a program is reached that listens everywhere. */
const LOOPBACK: Record<string, string> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };
