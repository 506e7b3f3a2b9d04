import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Somebody with this token who has asked for the path. */
export function reader(origin: string, path: string, token: string): Socket {
  const { protocol, hostname, port } = new URL(origin);
  const where = { host: hostname, port: Number(port), highWaterMark: 1_024 };
  const socket =
    protocol === 'https:' ? connectTls({ ...where, rejectUnauthorized: false }) : connect(where);
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return socket;
}

/** Who reads the first bytes and no more. */
export async function slowReader(origin: string, path: string, token: string): Promise<Socket> {
  const socket = reader(origin, path, token);
  await once(socket, 'readable');
  const head = socket.read() as Buffer;
  if (!head.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(head.toString('latin1'));
  socket.pause();
  return socket;
}
