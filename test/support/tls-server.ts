import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import type { Authority } from './certificates.ts';

let made = 0;

/** Listens by TLS for one test, and is known by the name that it answers. */
export async function listenByTls(
  authority: Authority,
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly name: ServerName }> {
  const issued = await authority.issue(`tls${++made}`, { dns: ['localhost'], ip: ['127.0.0.1'] });
  const files = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  const server = createServer(files, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, name: `localhost:${port}` as ServerName };
}
