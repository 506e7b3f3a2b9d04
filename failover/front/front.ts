import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { connectorWith } from '../certificates/connector.ts';
import { earliest } from '../certificates/first-end.ts';
import { Identity, type IdentityFiles } from '../certificates/identity.ts';
import { socketOf } from '../sockets.ts';
import { askAhead } from './ask-ahead.ts';
import type { Room } from './body.ts';
import type { Ports } from './carry.ts';
import { ClientConnections } from './client-connections.ts';
import type { FrontConfig } from './config.ts';
import { DeviceOrder } from './device-order.ts';
import { drain } from './drain.ts';
import { Flights } from './flights.ts';
import { answerHealth, type Counts } from './health.ts';
import { InTurn } from './in-turn.ts';
import { KeptBodies } from './kept-bodies.ts';
import { KnownTokens } from './known-tokens.ts';
import { OpenAnswers } from './open-answers.ts';
import { askWriter, probeWith } from './probe.ts';
import { IN_PLACE } from './read-in-place.ts';
import { reception } from './receive.ts';
import { relayTo } from './relay.ts';
import { Remembered } from './remembered.ts';
import { followAgent, Routing } from './routing.ts';
import { Shares } from './shares.ts';
import { Upstreams } from './upstream.ts';
import { type Target, Way } from './way.ts';

export interface FrontOptions {
  config: FrontConfig;
  /** Holds the agent's socket, and gets the front's. */
  runtimeDir: string;
  /** The floating addresses; connections to them must end before they leave this site. */
  addresses: readonly string[];
  /** Of long answers, those that keep their connection to the writer whether their clients read or not. */
  openAnswersMax?: number | undefined;
  log: Logger;
}

const now = () => performance.now();

/** Beside those that are held. */
const UNDER_WAY_MAX = 50_000;
const ASK_WITHIN_MS = 10_000;
const CONNECT_WITHIN_MS = 2_000;
/** Slow handshakes and headers cost a connection each, and say nothing of who is there. */
const HANDSHAKE_WITHIN_MS = 10_000;
const HEADERS_WITHIN_MS = 20_000;
const KEEP_ALIVE_MS = 75_000;
/** Each TLS connection of Node's keeps a few bytes of the pool from which small buffers are cut, and with them all of it. */
const POOL_BYTES = 8 * 1024;

/** Starts the front of this site: a TLS listener for clients, one for fronts, a socket for the agent. */
export async function startFront(options: FrontOptions) {
  const { config, runtimeDir, addresses, openAnswersMax, log } = options;
  await using starting = new AsyncDisposableStack();
  Buffer.poolSize = POOL_BYTES;
  const stop = new AbortController();
  const identityOf = (files: IdentityFiles) => {
    const onTrouble = (err: unknown) => log.warn({ err }, 'a renewed certificate was not taken up');
    const identity = new Identity({ files, onTrouble });
    starting.defer(() => identity.close());
    return identity;
  };
  const shown = identityOf({ certificate: config.certificate, key: config.key });
  const own = identityOf(config.writer);
  const parts = assemble({ config, own, addresses, openAnswersMax, log });
  const { routing, way, desk, upstreams, flights } = parts;
  starting.defer(() => upstreams.close());
  starting.defer(() => flights.close());
  starting.defer(() => desk.lasting.open.close());

  const serve = listener(reception(desk), log);
  const server = secureServer(shown, { handshakeTimeout: HANDSHAKE_WITHIN_MS }, serve);
  server.maxConnections = config.connectionsMax;
  server.on('connection', (socket: Socket) => desk.guests.opened(socket));
  server.on('secureConnection', (socket: Socket) => desk.guests.secured(socket));
  const health = createPlainServer(
    answerHealth({
      count: desk.count,
      routing,
      way,
      accepting: () => server.listening,
      connections: () => desk.guests.count,
      slowestMs: () => desk.guests.slowestMs,
      certificatesEnd: () => earliest([shown.end, own.end]),
    }),
  );
  const relay = relayServer(config, own, parts, log);

  const trouble = (err: unknown) =>
    log.warn({ err }, 'the agent does not answer; the writer it named last goes on');
  const following = [
    followAgent(routing, socketOf(runtimeDir, 'agent'), stop.signal, trouble),
    way.keep(stop.signal),
    desk.guests.endIdle(routing, stop.signal),
  ];
  starting.defer(async () => {
    stop.abort();
    await Promise.all(following);
  });
  const socket = socketOf(runtimeDir, 'front');
  await listen(starting, health, { path: await freshSocket(socket) });
  // The agent is another user, of the same group.
  await chmod(socket, 0o660);
  if (relay) await listen(starting, relay, hostAndPort(config.relay!.listen));
  await listen(starting, server, hostAndPort(config.listen));
  const { port } = server.address() as AddressInfo;
  log.info({ listen: config.listen, port }, 'the front accepts connections');
  const running = starting.move();
  return {
    port,
    relayPort: (relay?.address() as AddressInfo | undefined)?.port,
    way,
    count: desk.count,
    /** Those to the floating address. */
    connections: () => desk.guests.count,
    /** Takes nothing new, and waits until what is under way is answered. */
    drain: (withinMs?: number) => drain({ clients: server, relay }, parts, withinMs),
    close: () => running.disposeAsync(),
  };
}

interface Ground {
  readonly config: FrontConfig;
  readonly own: Identity;
  readonly addresses: readonly string[];
  readonly openAnswersMax: number | undefined;
  readonly log: Logger;
}

function assemble({ config, own, addresses, openAnswersMax, log }: Ground) {
  const { hold } = config;
  const routing = new Routing();
  const upstreams = new Upstreams(
    // A site that lost power and is back resets what it does not know, if only it is asked.
    connectorWith(own, {
      ...{ timeoutMs: CONNECT_WITHIN_MS, keepAliveInitialDelayMs: 1_000 },
      onread: IN_PLACE,
    }),
  );
  const peers = config.relay?.peers ?? {};
  const way = new Way({ routing, peers, probe: probeWith(upstreams), now });
  const flights = new Flights({ routing, way, now, holdForMs: hold.forMs });
  const places = new Shares(hold.requestsMax);
  const underWay = new Shares(hold.requestsMax + UNDER_WAY_MAX);
  const room: Room = {
    memory: new Shares(hold.bytesMax),
    disk: new Shares(hold.diskBytesMax),
    memoryBytesMax: hold.replayBytesMax,
    folder: hold.diskFolder,
    now,
  };
  const count: Counts = {
    held: () => places.taken,
    heldBytes: () => room.memory.taken,
    diskBytes: () => room.disk.taken,
    inFlight: () => underWay.taken,
    holds: 0,
    replayed: 0,
    givenUp: 0,
  };
  const send: Ports['send'] = (request, flight, taker) =>
    upstreams.try(flight.target.origin, request, { flight, taker, memory: room.memory });
  const order = new DeviceOrder();
  const ports: Ports = {
    routing,
    way,
    flights,
    order,
    places,
    send,
    now,
    holdForMs: hold.forMs,
    count,
  };
  // Whoever needs the rest of an answer reads slowly, so nothing of that is kept whole.
  const nothing = new Shares(0);
  const stream: Ports['send'] = (request, flight, taker) =>
    upstreams.try(flight.target.origin, request, { flight, taker, memory: nothing });
  const lasting = { ports: { ...ports, send: stream }, open: new OpenAnswers(now, openAnswersMax) };
  const remembered = new Remembered(Date.now);
  const ask = (target: Target, path: string) =>
    askWriter(upstreams, target, path, AbortSignal.timeout(ASK_WITHIN_MS));
  askAhead({ way, ask, remembered });
  const desk = {
    ports,
    lasting,
    room,
    underWay,
    tokens: new KnownTokens(),
    remembered,
    bodies: new KeptBodies(room.memory),
    guests: new ClientConnections(addresses, now),
    count,
    log,
  };
  return { routing, way, flights, upstreams, underWay, send, desk };
}

/** Mutual TLS: only fronts of the cluster have a certificate of its authority. */
function relayServer(
  config: FrontConfig,
  own: Identity,
  { way, flights, underWay, send }: ReturnType<typeof assemble>,
  log: Logger,
): Server | undefined {
  if (config.relay === undefined) return undefined;
  const rules = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' as const };
  return secureServer(own, rules, listener(relayTo({ way, flights, underWay, send }), log));
}

function secureServer(identity: Identity, rules: ServerOptions, serve: RequestListener): Server {
  const { minVersion } = rules;
  const server = createServer({ ...identity.inUse, ...rules }, serve);
  // Taken up without dropping a connection.
  identity.onChange((pem) =>
    server.setSecureContext({ ...pem, ...(minVersion && { minVersion }) }),
  );
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_WITHIN_MS;
  // Bodies have a deadline of their own, which knows how much has come.
  server.requestTimeout = 0;
  return server;
}

function listener(
  serve: (...exchange: Parameters<RequestListener>) => Promise<void>,
  log: Logger,
): RequestListener {
  const order = new InTurn();
  const begin: RequestListener = (request, response) => {
    serve(request, response).catch((error) => {
      // A client that hangs up is no news; whatever else ends here is a fault of ours.
      if (request.destroyed || response.destroyed) log.debug({ error }, 'a connection broke');
      else log.error({ error }, 'a request was not carried');
      response.destroy();
    });
  };
  return (request, response) => order.whenDue(request, response, () => begin(request, response));
}

async function listen(
  starting: AsyncDisposableStack,
  server: ReturnType<typeof createPlainServer> | Server,
  where: object,
): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(where);
  await listening;
  starting.defer(() => {
    server.close();
    server.closeAllConnections();
  });
}

async function freshSocket(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  return path;
}

function hostAndPort(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return {
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(listen.slice(colon + 1)),
  };
}
