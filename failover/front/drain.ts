import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server as TlsServer } from 'node:tls';
import { POLLER_IDLE_MS } from './client-connections.ts';
import type { Routing } from './routing.ts';
import type { Shares } from './shares.ts';

interface Drained {
  readonly routing: Routing;
  readonly underWay: Pick<Shares, 'taken'>;
}

/** What has no writer is held for longer, and is better asked again elsewhere. */
const ANSWERS_WITHIN_MS = 10_000;
/** Who is between two polls, and the last bytes of answers. */
const LEAVES_WITHIN_MS = POLLER_IDLE_MS + 500;
const LOOK_EVERY_MS = 20;

/**
 * Nothing new is taken, idle connections end, and the others do with their next answer. Who listened
 * for more than one turn would be told of the end by a reset, and repeat what was executed.
 */
export async function drain(
  { clients, relay }: { readonly clients: Server; readonly relay: Server | undefined },
  { routing, underWay }: Drained,
  withinMs = ANSWERS_WITHIN_MS,
): Promise<void> {
  routing.end();
  const closed = Promise.all([hasNoClients(clients), relay && isClosed(relay)]);
  const until = performance.now() + withinMs;
  while (underWay.taken > 0 && performance.now() < until) await sleep(LOOK_EVERY_MS);
  await Promise.race([closed, sleep(LEAVES_WITHIN_MS)]);
}

/**
 * Once each client has gone. `close` of an HTTPS server ends at once what looks idle, also those who have asked already or are about
 * to: they get no answer. `ClientConnections` ends them in their time.
 */
const hasNoClients = (server: Server) =>
  new Promise<void>((resolve) => {
    TlsServer.prototype.close.call(server, () => resolve());
  });

/** Fronts ask again what such an end has cost them. */
const isClosed = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
