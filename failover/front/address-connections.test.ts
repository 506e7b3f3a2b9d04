import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AddressConnections } from './address-connections.ts';
import { Routing } from './routing.ts';

test.each([
  ['192.0.2.10', true],
  ['::ffff:192.0.2.10', true],
  ['fd00::10', true],
  ['192.0.2.11', false],
  ['fd00::11', false],
  ['::ffff:192.0.2.11', false],
])(
  'of the floating addresses, however they are spelled, a connection to %s is one: %s',
  (to, is) => {
    const connections = new AddressConnections(['192.0.2.10', 'FD00:0:0::0:10'], () => 0);
    expect(connections.has({ localAddress: to } as Socket)).toBe(is);
  },
);

test('who has asked while the front did something else is answered, and is not taken for idle', async () => {
  const connections = new AddressConnections(['127.0.0.1'], () => performance.now());
  const { port, asked } = await servedTo(connections);
  const client = connect(port, '127.0.0.1');
  const answers = text(client);
  client.write(REQUEST);
  await vi.waitFor(() => expect(asked()).toBe(1));

  const routing = new Routing();
  const ending = new AbortController();
  const ended = connections.endIdle(routing, ending.signal);
  routing.set(null, true);
  client.write(REQUEST);
  holdTheLoop(600);
  await once(client, 'end');
  client.end();
  expect((await answers).match(/HTTP\/1\.1 200/g)).toHaveLength(2);

  ending.abort();
  routing.set(null, false);
  await ended;
});

const REQUEST = 'GET /_matrix/client/versions HTTP/1.1\r\nHost: home\r\n\r\n';

/** As a front tells of connections and requests, without its TLS. */
async function servedTo(connections: AddressConnections) {
  let asked = 0;
  const server = createServer((request, response) => {
    connections.began(request.socket, request.url!);
    asked++;
    response.end('{}', () => connections.ended(request.socket));
  });
  server.on('connection', (socket) => {
    connections.opened(socket);
    connections.secured(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, asked: () => asked };
}

function holdTheLoop(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
