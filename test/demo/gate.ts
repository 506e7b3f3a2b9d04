import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';

export interface GateOptions {
  readonly port: number;
  readonly address: string;
  readonly addressPort: number;
  readonly serverName: string;
  readonly ca: string;
}

/** A site that loses its power sends no reset: this long without a sign of life ends a connection. */
const DEAD_AFTER_MS = 2_000;

/**
 * Plain HTTP on this machine to TLS at the floating address: the demo's certificate authority is one
 * that no client knows. Nothing is read or kept here, so what clients see is what the fronts do.
 */
export async function openGate(options: GateOptions) {
  const { address, addressPort, serverName, ca } = options;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: address, port: addressPort, servername: serverName, ca });
    for (const each of [client, upstream]) {
      open.add(each);
      each.on('error', () => undefined);
      each.on('close', () => {
        open.delete(each);
        (each === client ? upstream : client).destroy();
      });
    }
    upstream.setKeepAlive(true, DEAD_AFTER_MS / 2);
    upstream.setTimeout(DEAD_AFTER_MS, () => upstream.connecting && upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const each of open) each.destroy();
      server.close();
    },
  };
}
