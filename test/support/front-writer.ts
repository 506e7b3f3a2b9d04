import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { certificateAuthority } from './certificates.ts';

let made: Promise<{ ca: string; certificate: string; key: string }> | undefined;

/** One authority for a test file, and a certificate that is good for every part of a site. */
export function certificates() {
  made ??= certificateAuthority().then(async (authority) => ({
    ca: authority.ca,
    ...(await authority.issue('site', { ip: ['127.0.0.1'] })),
  }));
  return made;
}

/** Accepts connections and resets them in the handshake. */
export async function raiseResetting() {
  const server = createTcpServer((socket) => {
    raised.count++;
    socket.resetAndDestroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const raised = {
    count: 0,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
  return raised;
}

type Handle = (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown;

/** A writer of the cluster: answers only those who show a certificate of its authority. */
export async function raiseWriter(
  handle: Handle,
  /** The front's own questions, which are not what a test counts. */
  probed: (response: ServerResponse, request: IncomingMessage) => unknown = (response) =>
    response.end('{}'),
) {
  const files = await certificates();
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.certificate, files.key].map((file) => readFile(file)),
  );
  const mutual = { ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: true };
  const server = createServer(mutual, (request, response) => {
    if (request.headers['x-farol-probe']) return void probed(response, request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => handle(request, response, Buffer.concat(chunks)));
  });
  // Those in their handshake too, of which the server itself does not know.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `https://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** As a server that is no writer, or none any more: it executed nothing. */
export function refuse(response: ServerResponse): void {
  response.writeHead(503, { 'x-farol-not-writer': '1', 'content-length': '2' }).end('{}');
}

/** A link to somewhere: it can be cut so that nothing comes through and nobody is told. */
export async function raiseLink(port: number) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        if (!isCut) to.write(chunk);
      });
      from.on('close', () => {
        open.delete(from);
        if (!isCut) to.destroy();
      });
      from.on('error', () => undefined);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
    },
    heal() {
      isCut = false;
      for (const socket of open) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
