import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { socketOf } from '../sockets.ts';
import { AddressConnections } from './address-connections.ts';
import { readBody } from './body.ts';
import { type Carriage, type Carried, carry, type Ports } from './carry.ts';
import { readCertificate, reloadOnChange } from './certificates.ts';
import type { FrontConfig } from './config.ts';
import { DeviceOrder } from './device-order.ts';
import { deviceOf, passedOn } from './headers.ts';
import { answerHealth, type Counts } from './health.ts';
import { followAgent, Routing } from './routing.ts';
import { type Answer, Upstreams } from './upstream.ts';

export interface FrontOptions {
  config: FrontConfig;
  /** Holds the agent's socket, and gets the front's. */
  runtimeDir: string;
  /** The floating address; connections to it must end before it leaves this site. */
  address?: string;
  log: Logger;
}

const now = () => performance.now();

/** Starts the front of this site: one TLS listener for clients, one socket for the agent. */
export async function startFront({ config, runtimeDir, address, log }: FrontOptions) {
  const routing = new Routing(now);
  const stop = new AbortController();
  const upstreams = new Upstreams(config.writer);
  const count: Counts = {
    held: 0,
    holds: 0,
    heldBytes: 0,
    inFlight: 0,
    replayed: 0,
    givenUp: 0,
  };
  const ports: Ports = {
    routing,
    order: new DeviceOrder(),
    send: (writer, request, cut) => upstreams.try(writer, request, cut),
    now,
    holdForMs: config.hold.forMs,
    count,
  };
  const guests = new AddressConnections(address, now);
  const serve = receive(config, ports, { routing, count, guests, log });
  const certificate = await readCertificate(config);
  const server = createServer(certificate, (request, response) => {
    serve(request, response).catch((error) => {
      // A client that hangs up is no news; whatever else ends here is a fault of ours.
      if (request.destroyed || response.destroyed) log.debug({ error }, 'a connection broke');
      else log.error({ error }, 'a request was not carried');
      response.destroy();
    });
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', (socket: Socket) => guests.opened(socket));
  server.on('secureConnection', (socket: Socket) => guests.secured(socket));
  const answer = answerHealth({
    count,
    routing,
    accepting: () => server.listening,
    connections: () => guests.count,
  });
  const health = createPlainServer((request, response) => void answer(request, response));
  const trouble = (what: string) => (error: unknown) => log.warn({ error }, what);
  const stopReloading = reloadOnChange(
    server,
    config,
    certificate,
    trouble('the certificate was not read'),
  );
  const following = followAgent(
    routing,
    socketOf(runtimeDir, 'agent'),
    stop.signal,
    trouble('the agent does not answer; the writer it named last goes on'),
  );

  void guests.endIdle(routing, stop.signal);
  const socket = socketOf(runtimeDir, 'front');
  await listen(health, { path: await freshSocket(socket) });
  // The agent is another user, of the same group.
  await chmod(socket, 0o660);
  await listen(server, hostAndPort(config.listen));
  const { port } = server.address() as AddressInfo;
  log.info({ listen: config.listen }, 'the front accepts connections');
  return {
    port,
    routing,
    count,
    /** Those to the floating address. */
    connections: () => guests.count,
    async close() {
      stop.abort();
      stopReloading();
      for (const each of [server, health]) {
        each.close();
        each.closeAllConnections();
      }
      await Promise.all([upstreams.close(), following]);
    },
  };
}

interface Desk {
  readonly routing: Routing;
  readonly count: Counts;
  readonly guests: AddressConnections;
  readonly log: Logger;
}

function receive(config: FrontConfig, ports: Ports, desk: Desk) {
  const { count, guests } = desk;
  let arrivals = 0;
  return async (incoming: IncomingMessage, response: ServerResponse) => {
    const arrival = ++arrivals;
    const arrivedAtMs = now();
    if (
      count.inFlight >= config.hold.requestsMax + IN_FLIGHT_BESIDES_HELD ||
      count.held >= config.hold.requestsMax
    ) {
      return setAside(response, count);
    }
    count.inFlight++;
    guests.began(incoming.socket);
    let bytes = 0;
    try {
      const body = await readBody(incoming, config.hold.replayBytesMax);
      bytes = body.kind === 'whole' ? body.bytes.length : 0;
      count.heldBytes += bytes;
      if (count.heldBytes > config.hold.bytesMax) return setAside(response, count);
      const request: Carried = {
        id: randomUUID(),
        arrival,
        arrivedAtMs,
        method: incoming.method ?? 'GET',
        url: incoming.url ?? '/',
        headers: passedOn(incoming.headers),
        body,
        device: deviceOf(incoming.headers, incoming.url ?? '/'),
        clientAddress: incoming.socket.remoteAddress ?? '',
        throughAddress: guests.has(incoming.socket),
        gone: goneSignal(response),
      };
      await deliver(await carry(request, ports), request, response, desk);
    } finally {
      count.inFlight--;
      guests.ended(incoming.socket);
      count.heldBytes -= bytes;
    }
  };
}

/** Long polls under way are no danger to memory; the bound is against a flood. */
const IN_FLIGHT_BESIDES_HELD = 50_000;

async function deliver(
  carriage: Carriage,
  request: Carried,
  response: ServerResponse,
  { routing, count, guests, log }: Desk,
): Promise<void> {
  if (carriage.kind === 'answer') {
    return write(response, carriage.answer, routing.draining && guests.has(response.socket));
  }
  if (carriage.kind === 'gone') return void response.destroy();
  log.warn({ requestId: request.id, why: carriage.why }, 'a request was set aside');
  setAside(response, count);
}

async function write(response: ServerResponse, answer: Answer, last: boolean): Promise<void> {
  const headers = passedOn(answer.headers);
  response.writeHead(answer.status, last ? { ...headers, connection: 'close' } : headers);
  if (Buffer.isBuffer(answer.body)) response.end(answer.body);
  else await pipeline(answer.body, response);
}

/** Never 401 or 4xx for our own trouble: clients log out on it (D6). */
function setAside(response: ServerResponse, count: Counts): void {
  count.givenUp++;
  if (response.headersSent || response.destroyed) return;
  const error = { errcode: 'M_UNKNOWN', error: 'No site can answer just now. Try again shortly.' };
  response.writeHead(503, {
    'content-type': 'application/json',
    'retry-after': '2',
    'access-control-allow-origin': '*',
    connection: 'close',
  });
  response.end(JSON.stringify(error));
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

async function listen(
  server: { listen(options: object): unknown } & NodeJS.EventEmitter,
  where: object,
): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(where);
  await listening;
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
