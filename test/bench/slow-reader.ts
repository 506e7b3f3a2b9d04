import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Somebody with this token who has asked for the path, from this byte on. */
export function reader(origin: string, path: string, token: string, from = 0): Socket {
  const { protocol, hostname, port } = new URL(origin);
  const where = { host: hostname, port: Number(port), highWaterMark: 1_024 };
  const socket =
    protocol === 'https:' ? connectTls({ ...where, rejectUnauthorized: false }) : connect(where);
  socket.on('error', () => {});
  const range = from > 0 ? `Range: bytes=${from}-\r\n` : '';
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${range}\r\n`);
  return socket;
}

/** Who reads the first bytes and no more. */
export async function slowReader(...asked: Parameters<typeof reader>): Promise<Socket> {
  const socket = reader(...asked);
  await once(socket, 'readable');
  const head = socket.read() as Buffer;
  if (!/^HTTP\/1\.1 20[06]/.test(head.toString('latin1'))) throw new Error(head.toString('latin1'));
  socket.pause();
  return socket;
}
