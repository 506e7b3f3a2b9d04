import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { refuse } from './refuse.ts';

const MIB = 1024 * 1024;

test('whoever is refused while they send may send the rest, and is not reset before they have read why', async () => {
  await using door = await doorThatRefuses();
  const client = door.connect();
  client.socket.write(`${head(2 * MIB)}${'x'.repeat(1_000)}`);
  await vi.waitFor(() => expect(client.said).toMatch(/^HTTP\/1\.1 413 .*M_TOO_LARGE/s));
  client.socket.write('x'.repeat(2 * MIB - 1_000));
  await client.closed;
  expect(client.errors).toEqual([]);
  expect(client.hasEnded).toBe(true);
});

test('who goes on sending for ever is cut off', async () => {
  await using door = await doorThatRefuses();
  const client = door.connect();
  client.socket.write(head(1_000 * MIB));
  const more = () => {
    if (client.socket.bytesWritten > 100 * MIB) client.socket.destroy();
    else if (!client.socket.destroyed) client.socket.write('x'.repeat(MIB), more);
  };
  more();
  await client.closed;
  expect(client.socket.bytesWritten).toBeLessThan(100 * MIB);
});

const head = (bytes: number) => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`;

async function doorThatRefuses() {
  const server = createServer((incoming, response) => {
    const said = { status: 413, errcode: 'M_TOO_LARGE', error: 'Too large' };
    void refuse(incoming, response, said);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    connect() {
      const socket = connect(port, '127.0.0.1');
      const client = {
        socket,
        said: '',
        errors: [] as string[],
        hasEnded: false,
        closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
      };
      socket.setEncoding('utf8').on('data', (text: string) => {
        client.said += text;
      });
      socket.on('error', (error: NodeJS.ErrnoException) => client.errors.push(String(error.code)));
      socket.on('end', () => {
        client.hasEnded = true;
      });
      return client;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
