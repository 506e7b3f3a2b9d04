import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Routing } from './routing.ts';
import type { Shares } from './shares.ts';

interface Drained {
  readonly routing: Routing;
  readonly underWay: Pick<Shares, 'taken'>;
}

/** What has no writer is held for longer, and is better asked again elsewhere. */
const ANSWERS_WITHIN_MS = 10_000;
/** The last bytes of answers; connections that were opened and never used end only then. */
const LEAVES_WITHIN_MS = 500;
const LOOK_EVERY_MS = 20;

/**
 * Nothing new is taken, idle connections end, and the others do with their next answer. Who listened
 * for more than one turn would be told of the end by a reset, and repeat what was executed.
 */
export async function drain(
  servers: readonly Server[],
  { routing, underWay }: Drained,
  withinMs = ANSWERS_WITHIN_MS,
): Promise<void> {
  routing.end();
  const closed = Promise.all(servers.map(isClosed));
  const until = performance.now() + withinMs;
  while (underWay.taken > 0 && performance.now() < until) await sleep(LOOK_EVERY_MS);
  await Promise.race([closed, sleep(LEAVES_WITHIN_MS)]);
}

const isClosed = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
