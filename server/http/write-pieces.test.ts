import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jsonText } from './answer.ts';
import { ClientGone } from './body/raw.ts';
import { writeAnswer } from './write-answer.ts';
import { writePieces } from './write-pieces.ts';

/** More than the kernel keeps of one connection. */
const PIECE = Buffer.alloc(16 * 1024 * 1024, 'x');

test('the next piece is made when all of those before have been taken from this program', async () => {
  const untaken: number[] = [];
  const sent = Promise.withResolvers<void>();
  const client = await clientOf((response) => {
    sent.resolve(writePieces(response, pieces()));
    async function* pieces() {
      for (let n = 0; n < 4; n += 1) {
        untaken.push(response.writableLength);
        yield PIECE;
      }
    }
  });
  client.write(ASK);
  client.resume();
  await sent.promise;
  expect(untaken).toEqual([0, 0, 0, 0]);
});

test('no more than 64 KiB is given to a connection at a stroke, of an answer that is whole too', async () => {
  const strokes: number[] = [];
  const text = 'ä'.repeat(100_000);
  const client = await clientOf((response) => {
    const write = response.write.bind(response) as (bytes: Buffer, done: () => void) => boolean;
    response.write = ((bytes: Buffer, done: () => void) => {
      strokes.push(bytes.length);
      return write(bytes, done);
    }) as typeof response.write;
    void writeAnswer(response, {}, jsonText(text));
  });
  client.end(LAST);
  const said = await all(client);
  expect(said.split('\r\n\r\n')[1]).toBe(text);
  expect(strokes).toEqual([65_536, 65_536, 65_536, 200_000 - 3 * 65_536]);
});

test('a client that leaves ends what makes its pieces, though it has taken nothing', async () => {
  const { pieces, ended } = endless();
  const begun = Promise.withResolvers<void>();
  const client = await clientOf((response) => {
    writePieces(response, pieces).catch(ended.resolve);
    begun.resolve();
  });
  client.write(ASK);
  await begun.promise;
  client.destroy();
  expect(await ended.promise).toBeInstanceOf(ClientGone);
});

test('so does one whose answer waits for another, which never comes', async () => {
  const { pieces, ended, made } = endless();
  let asked = 0;
  const client = await clientOf((response) => {
    asked += 1;
    if (asked === 2) writePieces(response, pieces).catch(ended.resolve);
  });
  client.write(ASK.repeat(2));
  await vi.waitFor(() => expect(made()).toBe(1));
  client.destroy();
  expect(await ended.promise).toBeInstanceOf(ClientGone);
  expect(made()).toBe(1);
});

test('what makes the pieces fails for whoever sends them, and leaves no listener on the connection', async () => {
  const failed = Promise.withResolvers<unknown>();
  const listeners: number[] = [];
  const client = await clientOf(async (response) => {
    const { socket } = response.req;
    listeners.push(socket.listenerCount('close'));
    await writePieces(response, failing()).catch(failed.resolve);
    listeners.push(socket.listenerCount('close'));
  });
  client.write(ASK);
  expect(await failed.promise).toEqual(new Error('away'));
  await vi.waitFor(() => expect(listeners).toHaveLength(2));
  expect(listeners[1]).toBe(listeners[0]);
});

test('empty pieces are none: a chunk of no bytes would be the end of the answer', async () => {
  const client = await clientOf((response) => {
    void writePieces(response, text('', 'a', '', 'b'));
  });
  client.end(LAST);
  const said = await all(client);
  expect(said.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe('1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
});

const ASK = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

async function all(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function clientOf(serve: (response: ServerResponse) => void): Promise<Socket> {
  const server = createServer((_, response) => serve(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });
  await once(client, 'connect');
  return client;
}

function endless() {
  let made = 0;
  async function* pieces() {
    for (;;) {
      made += 1;
      yield PIECE;
    }
  }
  return { pieces: pieces(), made: () => made, ended: Promise.withResolvers<unknown>() };
}

async function* failing(): AsyncGenerator<string> {
  yield 'a';
  throw new Error('away');
}

async function* text(...pieces: string[]) {
  yield* pieces;
}
