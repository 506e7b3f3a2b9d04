import type { OnReadOpts } from 'node:net';
import { createSecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { Identity, Pem } from './identity.ts';

export interface ConnectorOptions {
  readonly timeoutMs: number;
  /** When TCP begins to ask a quiet peer whether it is there. */
  readonly keepAliveInitialDelayMs?: number;
  /** Where what comes is read to, instead of a buffer for each time. */
  readonly onread?: OnReadOpts;
}

/** No connection came about, so the other side has seen nothing of the request. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/**
 * Connects with the identity that is in use at that moment; connections that stand go on with theirs.
 * What fails before a connection stands is told apart here, where it is known, and not by its code:
 * EHOSTUNREACH, for one, also ends connections that carry a request.
 */
export function connectorWith(
  identity: Identity | undefined,
  options: ConnectorOptions,
): buildConnector.connector {
  let last: { pem: Pem | undefined; connect: buildConnector.connector } | undefined;
  return (to, done) => {
    const pem = identity?.inUse;
    if (last === undefined || last.pem !== pem) last = { pem, connect: build(pem, options) };
    last.connect(to, (...[error, socket]) => {
      if (error === null) done(null, socket);
      else done(new NotConnected(error.message, { cause: error }), null);
    });
  };
}

const build = (pem: Pem | undefined, options: ConnectorOptions) =>
  buildConnector({
    // One for all: else each connection reads the certificates anew, and keeps what came of it until garbage is collected.
    ...(pem && { secureContext: createSecureContext(pem) }),
    timeout: options.timeoutMs,
    // Node 24.21 was seen to send for ever in nghttp2 when a question was given up.
    allowH2: false,
    ...(options.onread && { onread: options.onread }),
    ...(options.keepAliveInitialDelayMs && {
      keepAliveInitialDelay: options.keepAliveInitialDelayMs,
    }),
  });
