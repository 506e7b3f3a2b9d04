import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ClientConnections } from './client-connections.ts';
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
    const connections = new ClientConnections(['192.0.2.10', 'FD00:0:0::0:10'], () => 0);
    expect(connections.has({ localAddress: to } as Socket)).toBe(is);
  },
);

test('who has asked while the front did something else is answered, and is not taken for idle', async () => {
  const connections = new ClientConnections(['127.0.0.1'], () => performance.now());
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

test.each([
  ['a long poll', '/_matrix/client/v3/sync?timeout=30000', 999, 1_000],
  ['anything else', '/_matrix/client/versions', 249, 250],
])('who has asked for %s last may take its time to ask again', async (_what, url, idle, long) => {
  let now = 0;
  const connections = new ClientConnections(['192.0.2.10'], () => now);
  const socket = Object.assign(new EventEmitter(), { localAddress: '192.0.2.10', end: vi.fn() });
  const talk = socket as unknown as Socket;
  connections.opened(talk);
  connections.secured(talk);
  connections.began(talk, url);
  connections.ended(talk);
  const routing = new Routing();
  routing.set(null, true);
  const ended = async (at: number): Promise<boolean> => {
    now = at;
    const ending = new AbortController();
    const looking = connections.endIdle(routing, ending.signal);
    // It looks behind two turns.
    for (let turns = 0; turns < 4; turns++) await turn();
    ending.abort();
    await looking;
    return socket.end.mock.calls.length > 0;
  };
  expect([await ended(idle), await ended(long)]).toEqual([false, true]);
});

const REQUEST = 'GET /_matrix/client/versions HTTP/1.1\r\nHost: home\r\n\r\n';

/** As a front tells of connections and requests, without its TLS. */
async function servedTo(connections: ClientConnections) {
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
