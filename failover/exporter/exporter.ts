import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gather, type Sources } from './sources.ts';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * What this site's programs measure, for Prometheus: they themselves listen on sockets of the machine alone. A process of
 * its own, so that whoever scrapes can keep nobody from deciding or answering.
 */
export async function startExporter(
  listen: string,
  from: Sources,
): Promise<{ port: number; close(): Promise<void> }> {
  // However many scrape at once, the programs are asked once.
  let asked: Promise<string> | null = null;
  const ask = (): Promise<string> => {
    asked ??= gather(from).finally(() => {
      asked = null;
    });
    return asked;
  };
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics')
      return response.writeHead(404).end();
    return ask().then(
      (text) => response.writeHead(200, { 'content-type': CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(listen)!;
  server.listen(Number(port), host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
