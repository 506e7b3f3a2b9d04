import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { IN_PLACE, readInPlace } from '../../../failover/front/read-in-place.ts';
import { giveMegabyte, MB, type Place, type Said, type Told } from './wire.ts';

// One of two programs that pass bytes to each other and do nothing else: what that costs, no server in Node can be below.

const say = (said: Said) => void process.send!(said);
let run = async (_megabytes: number): Promise<void> => {};

process.on('message', async (told: Told) => {
  if (told.kind === 'listen') say({ kind: 'ready', port: await listen(told.place) });
  else if (told.kind === 'connect') {
    run = await asker(told.place, told.port);
    say({ kind: 'ready', port: told.port });
  } else {
    await run(told.megabytes);
    say({ kind: 'done' });
  }
});
process.on('disconnect', () => process.exit());

async function listen(place: Place): Promise<number> {
  const { wire, way, folder } = place;
  const server = way.startsWith('http') ? httpServer(place) : rawServer(place);
  server.listen(wire === 'unix' ? { path: join(folder, way) } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  return wire === 'unix' ? 0 : (server.address() as AddressInfo).port;
}

function rawServer({ wire, way, folder }: Place): Server {
  const serve = (socket: Socket) => {
    const counted = inMegabytes(() => socket.write('.'));
    socket.on('data', ({ length }: Buffer) => {
      if (way === 'take') counted(length);
      else for (let n = 0; n < length; n += 1) void giveMegabyte(socket);
    });
  };
  return wire === 'tls' ? createTlsServer(certificates(folder), serve) : createServer(serve);
}

function httpServer({ wire, way, folder }: Place): Server {
  const answer: RequestListener = async (request, response) => {
    if (way === 'http-give') {
      response.writeHead(200, { 'content-length': MB });
      await giveMegabyte(response);
      return void response.end();
    }
    request.on('data', () => {}).once('end', () => response.end('.'));
  };
  return wire === 'tls'
    ? createHttpsServer(certificates(folder), answer)
    : createHttpServer(answer);
}

/** Asks for a MB, or gives one, when the one before is through. */
async function asker({ wire, way, folder }: Place, port: number) {
  let through = () => {};
  const all = way === 'give' || way === 'http-give' ? inMegabytes(() => through()) : undefined;
  const onread = IN_PLACE;
  const socket =
    wire === 'tls'
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, onread } as never)
      : connect({ ...(wire === 'unix' ? { path: join(folder, way) } : { port }), onread });
  // A head comes along with what is counted: of a MB each time it is far less than a stroke.
  readInPlace(socket, ({ length }) => (all ? all(length) : through()));
  await once(socket, wire === 'tls' ? 'secureConnect' : 'connect');
  return async (megabytes: number) => {
    for (let n = 0; n < megabytes; n += 1) {
      const passed = new Promise<void>((resolve) => (through = resolve));
      socket.write(headOf(way));
      if (!all) await giveMegabyte(socket);
      await passed;
    }
  };
}

function headOf(way: Place['way']): string {
  if (way === 'http-give') return 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  if (way === 'http-take') return `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MB}\r\n\r\n`;
  return way === 'give' ? '.' : '';
}

/** Calls for each whole MB; what is over of it (heads of answers) is passed over. */
function inMegabytes(each: () => void): (bytes: number) => void {
  let bytes = 0;
  return (length) => {
    bytes += length;
    if (bytes < MB) return;
    bytes = 0;
    each();
  };
}

const certificates = (folder: string) => ({
  cert: readFileSync(join(folder, 'site.crt')),
  key: readFileSync(join(folder, 'site.key')),
});
