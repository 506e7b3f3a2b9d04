import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** With whose authorities it was made. */
let last: { readonly own: string | undefined; readonly trust: SecureContext } | undefined;

/**
 * The authorities that everybody trusts, and those of a PEM file. To read them holds up everything for 50 ms and more, a handshake
 * takes one: so they are read once in a process, as long as the file is the same, and best before this process has anybody to answer.
 */
export function trustWith(file: string | undefined): SecureContext {
  const own = file === undefined ? undefined : readFileSync(file, 'utf8');
  if (last === undefined || last.own !== own) {
    const ca = [...getCACertificates('default'), ...(own === undefined ? [] : [own])];
    last = { own, trust: createSecureContext({ ca }) };
  }
  return last.trust;
}
