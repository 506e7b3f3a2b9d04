import { once } from 'node:events';
import { chmodSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';

/**
 * Listens on a socket of this machine, for programs of the same user or group. The file stays when the server ends, so that whoever asks
 * is refused, and knows that no process is there; where there is no file, one may live on beneath (the folder was cleaned).
 */
export async function listenAt(path: string, server: Server): Promise<void> {
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  server.listen({ path: own, backlog: 1_024 });
  await once(server, 'listening');
  chmodSync(own, 0o660);
  // Node removes the name that it listens under.
  renameSync(own, path);
}
