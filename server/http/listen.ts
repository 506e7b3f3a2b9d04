import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostWithPort } from '../protocol/server-host.ts';

export interface MutualTlsFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface ListenOptions {
  /** `HOST:PORT`; port 0 takes any free one. */
  readonly address: string;
  /** Whoever connects must have a certificate of this authority, as the fronts have. */
  readonly mutualTls?: MutualTlsFiles | undefined;
}

export interface Listener {
  readonly origin: string;
  /** Takes no more connections, and gives those that are busy this long to be answered. */
  drain(graceMs: number): Promise<void>;
}

/** Somebody else has the address: the operator must choose another, or stop the other program. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
}

/** The address cannot be had at all: the operator must choose another, or allow it. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
  readonly address: string;

  constructor(address: string, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.address = address;
  }
}

/** Longer than any client or front keeps a quiet connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 120_000;
const CERTIFICATES_EVERY_MS = 60_000;
/**
 * Each TLS connection of Node's keeps a few bytes of the pool from which small buffers are cut, and with them all of it: at
 * its 64 KiB that were 22 KiB of each, and 70 where files are read in between.
 */
const POOL_BYTES = 8 * 1024;

export async function listen(options: ListenOptions, handler: RequestListener): Promise<Listener> {
  Buffer.poolSize = POOL_BYTES;
  const { host, port } = hostAndPort(options.address);
  const server = options.mutualTls
    ? mutualTlsServer(options.mutualTls, handler)
    : createServer(handler);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Bodies have a time of their own (body/), which knows how much has come, and whether it is we who take so long.
  server.requestTimeout = 0;
  try {
    server.listen({ port, host, backlog: 1_024 });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new AddressInUse(options.address, { cause: error });
    throw new CannotListen(options.address, error as NodeJS.ErrnoException);
  }
  const bound = (server.address() as AddressInfo).port;
  const scheme = options.mutualTls ? 'https' : 'http';
  return {
    origin: `${scheme}://${hostWithPort(host, bound)}`,
    drain: (graceMs) => drain(server, graceMs),
  };
}

/** The schema of the configuration has seen to the form. */
function hostAndPort(address: string) {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}

function mutualTlsServer(files: MutualTlsFiles, handler: RequestListener): TlsServer {
  const read = () => ({
    ca: readFileSync(files.ca),
    cert: readFileSync(files.certificate),
    key: readFileSync(files.key),
  });
  const rules = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' as const };
  const server = createTlsServer({ ...read(), ...rules }, handler);
  // Renewed certificates are taken up without dropping a connection; a broken one changes nothing.
  const timer = setInterval(() => {
    try {
      server.setSecureContext({ ...read(), minVersion: 'TLSv1.3' });
    } catch {}
  }, CERTIFICATES_EVERY_MS);
  timer.unref();
  server.once('close', () => clearInterval(timer));
  return server;
}

async function drain(server: Server | TlsServer, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const begin = performance.now();
  let open = true;
  void closed.then(() => {
    open = false;
  });
  while (open && performance.now() - begin < graceMs) {
    server.closeIdleConnections();
    await sleep(20);
  }
  server.closeAllConnections();
  await closed;
}
