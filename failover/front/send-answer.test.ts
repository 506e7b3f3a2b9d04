import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Ahead } from './ahead.ts';
import { sendAnswer } from './send-answer.ts';
import { Streamed } from './streamed.ts';

const KIB = 1024;

test('no more than 64 KiB is given to a connection at a stroke, and the next when the kernel has them', async () => {
  const body = Buffer.alloc(3_000 * KIB + 1, 'x');
  const strokes: { bytes: number; untaken: number }[] = [];
  const { client, response } = await asked();
  const write = response.write.bind(response) as (piece: Buffer, done: () => void) => boolean;
  response.write = ((piece: Buffer, done: () => void) => {
    strokes.push({ bytes: piece.length, untaken: response.writableLength });
    return write(piece, done);
  }) as typeof response.write;
  response.writeHead(200, { 'content-length': body.length });
  const [said] = await Promise.all([all(client), sendAnswer(response, body)]);
  expect(said.endsWith(`\r\n\r\n${body}`)).toBe(true);
  expect(strokes).toHaveLength(47);
  expect(Math.max(...strokes.map(({ bytes }) => bytes))).toBe(64 * KIB);
  expect(new Set(strokes.map(({ untaken }) => untaken))).toEqual(new Set([0]));
});

test('a client that leaves in the middle ends the stream from the writer', async () => {
  const { client, response } = await asked();
  const aborted = Promise.withResolvers<void>();
  const nothing = () => {};
  const control = { pause: nothing, resume: nothing, abort: () => aborted.resolve() };
  const body = new Streamed(control, new Ahead());
  body.push(Buffer.alloc(32 * 1024 * KIB));
  const sending = sendAnswer(response, body);
  client.destroy();
  await expect(sending).rejects.toThrow();
  await aborted.promise;
});

async function asked(): Promise<{ client: Socket; response: ServerResponse }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });
  client.on('error', () => {});
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { client, response };
}

async function all(client: Socket): Promise<string> {
  let said = '';
  for await (const chunk of client) said += (chunk as Buffer).toString('latin1');
  return said;
}
