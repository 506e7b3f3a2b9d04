import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Identity } from '../../certificates/identity.ts';
import type { Stranger } from '../../core/peers.ts';
import type { Site } from '../../core/view.ts';
import { Comers } from './comers.ts';
import { isOfTheLine, siteOf } from './who-asks.ts';

export interface DoorOptions {
  /** HOST:PORT. */
  readonly listen: string;
  readonly identity: Identity;
  /** Who may ask: the names in their certificates. */
  readonly sites: ReadonlySet<Site>;
  /** What is answered to a question of that site; undefined where there is no such question. */
  readonly answer: (
    site: Site,
    method: string,
    path: string,
  ) => Promise<object> | object | undefined;
  readonly refused: (stranger: Stranger) => void;
}

/** Other agents keep two each. What strangers open is bounded by their network (comers.ts), and in time. */
const CONNECTIONS_MAX = 64;
const HANDSHAKE_WITHIN_MS = 3_000;
const REQUEST_WITHIN_MS = 3_000;
const CUT_EVERY_MS = 1_000;
const KEEP_ALIVE_MS = 30_000;
const HEADER_BYTES_MAX = 4_096;
/** An agent asks once a second, or a little more often. */
const QUESTIONS_A_SECOND_MAX = 20;
/** What is told of strangers is no flood either. */
const TOLD_EVERY_MS = 1_000;

/** Where the agents of other sites ask this one: mutual TLS by the authority of the cluster. */
export async function openDoor(options: DoorOptions): Promise<{ port: number; close(): void }> {
  const { identity, listen } = options;
  const rules = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' as const };
  const bounds = {
    handshakeTimeout: HANDSHAKE_WITHIN_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    connectionsCheckingInterval: CUT_EVERY_MS,
  };
  const server = createServer({ ...identity.inUse, ...rules, ...bounds });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = REQUEST_WITHIN_MS;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const comers = new Comers(() => performance.now());
  boundEachNetwork(server, comers);
  const refuse = refusing(options.refused);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const why =
      socket.authorizationError?.toString() ?? (isOfTheLine(error) ? null : error.message);
    if (why !== null) refuse(addressOf(socket), why);
  });
  server.on('request', answering(options, comers, refuse));
  // Taken up without dropping a connection.
  const forget = identity.onChange((pem) =>
    server.setSecureContext({ ...pem, minVersion: rules.minVersion }),
  );
  await listening(server, listen).catch((error: unknown) => {
    // It is tried again for as long as this lasts: each try would be kept, and be told of each renewal.
    forget();
    throw error;
  });
  return {
    port: (server.address() as { port: number }).port,
    close: () => {
      forget();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listening(server: Server, listen: string): Promise<void> {
  const colon = listen.lastIndexOf(':');
  server.listen(Number(listen.slice(colon + 1)), listen.slice(0, colon).replace(/^\[|\]$/g, ''));
  await once(server, 'listening');
}

/** So that nobody from one network keeps the other sites out, nor all strangers together this agent from its leases. */
function boundEachNetwork(server: Server, comers: Comers): void {
  server.on('connection', (socket: Socket) => {
    const from = socket.remoteAddress ?? '';
    addresses.set(socket, from);
    socket.on('close', () => comers.goes(from));
    if (!comers.comes(from)) socket.destroy();
  });
}

/** A socket that has ended no longer knows where it came from. */
const addresses = new WeakMap<object, string>();

const addressOf = (socket: TLSSocket): string => {
  const below = (socket as unknown as { _parent?: object })._parent;
  return socket.remoteAddress ?? (below && addresses.get(below)) ?? 'an address that is not known';
};

type Refuse = (from: string, why: string) => void;

function refusing(tell: (stranger: Stranger) => void): Refuse {
  let count = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (from, why) => {
    count += 1;
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    tell({ from, why, count });
  };
}

function answering({ sites, answer }: DoorOptions, comers: Comers, refuse: Refuse) {
  const asked = new Map<Site, { second: number; count: number }>();
  const isTooOften = (site: Site): boolean => {
    const second = Math.floor(performance.now() / 1_000);
    const before = asked.get(site);
    const count = before?.second === second ? before.count + 1 : 1;
    asked.set(site, { second, count });
    return count > QUESTIONS_A_SECOND_MAX;
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    const socket = request.socket as TLSSocket;
    const site = siteOf(socket, sites);
    if (site !== null) comers.isSite(addressOf(socket));
    // No question has a body.
    request.resume();
    if (site === null) {
      refuse(addressOf(socket), `its certificate is of ${nameOf(socket)}, which is no other site`);
      json(response, 403, { error: 'only the agents of other sites may ask' });
    } else if (isTooOften(site)) json(response, 429, { error: 'asked too often' });
    else {
      const said = answer(site, request.method ?? '', request.url ?? '');
      if (said === undefined) json(response, 404, { error: 'There is no such thing here' });
      else
        Promise.resolve(said).then(
          (body) => json(response, 200, body),
          () => json(response, 500, { error: 'it could not be answered' }),
        );
    }
  };
}

function nameOf(socket: TLSSocket): string {
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? `"${name}"` : 'nobody';
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
