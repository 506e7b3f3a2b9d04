import type { TLSSocket } from 'node:tls';
import type { Site } from '../../core/view.ts';

/**
 * The site whose certificate was shown. Others that the same authority signed (a front's, that of the backups) are
 * nobody here: only agents ask agents.
 */
export function siteOf(socket: TLSSocket, sites: ReadonlySet<Site>): Site | null {
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' && sites.has(name) ? name : null;
}

/**
 * A link that was cut, one that only looked whether the port is open, or a site on a busy machine: nobody has shown who
 * he is. Node names what the system said by its number.
 */
export const isOfTheLine = ({ code, errno }: NodeJS.ErrnoException): boolean =>
  errno !== undefined || code === 'ECONNRESET' || code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
