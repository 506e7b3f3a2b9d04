import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Identity } from './identity.ts';

const ANSWER_WITHIN_MS = 2_000;

/**
 * When the certificate ends that a program shows to whoever connects (RFC 3339): a renewed file helps
 * nobody before the program has read it. Null where nobody answers, or not with TLS.
 */
export async function endOfShown(url: string, identity: Identity): Promise<string | null> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return null;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  // What is wrong with it is for those to say who use it; here it is only looked at.
  const socket = connect({
    ...identity.inUse,
    host,
    port: Number(port || 443),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return new Date(socket.getPeerCertificate().valid_to).toISOString();
  } catch {
    return null;
  } finally {
    // In good order, since Patroni tells each handshake that breaks off with a page of its own.
    socket
      .on('error', () => undefined)
      .resume()
      .end();
    setTimeout(() => socket.destroy(), ANSWER_WITHIN_MS).unref();
  }
}
