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
