import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface JsonSocket {
  readonly path: string;
  close(): Promise<void>;
}

export interface JsonSocketOptions {
  readonly path: string;
  /** Who may connect, by the rights on the file. */
  readonly mode: number;
  /** The status with which somebody is told why what he asked for came to nothing. */
  readonly failure: number;
}

/** HTTP with JSON over a socket of this machine, in the place of one that was left behind. */
export async function openJsonSocket(
  { path, mode, failure }: JsonSocketOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<JsonSocket> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (!response.headersSent) json(response, failure, { error: reason });
    });
  }).listen(path);
  await once(server, 'listening');
  chmodSync(path, mode);
  return {
    path,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
