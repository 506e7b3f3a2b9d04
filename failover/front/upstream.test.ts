import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectorWith } from '../certificates/connector.ts';
import { NO_BODY } from './body.ts';
import { Flight } from './flights.ts';
import { IN_PLACE } from './read-in-place.ts';
import { Shares } from './shares.ts';
import { Upstreams } from './upstream.ts';

test('requests one behind the other go over one connection, those at once over one each', async () => {
  const writer = await raise();
  for (let n = 0; n < 3; n++) expect(await writer.ask()).toBe('answered');
  expect(writer.sockets).toHaveLength(1);
  expect(await Promise.all([writer.ask(), writer.ask()])).toEqual(['answered', 'answered']);
  expect(writer.sockets).toHaveLength(2);
});

test('a quiet connection that the writer has ended meanwhile is not asked', async () => {
  const writer = await raise();
  await writer.ask();
  writer.sockets[0]!.end();
  await once(writer.sockets[0]!, 'close');
  expect(await writer.ask()).toBe('answered');
  expect(writer.sockets).toHaveLength(2);
});

test('with the front all its connections end', async () => {
  const writer = await raise();
  await Promise.all([writer.ask(), writer.ask()]);
  const ended = Promise.all(writer.sockets.map((socket) => once(socket, 'close')));
  writer.upstreams.close();
  expect(await ended).toHaveLength(2);
});

async function raise() {
  const sockets: Socket[] = [];
  const server = createServer((_request, response) => response.end('{}'));
  server.on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstreams = new Upstreams(connectorWith(undefined, { timeoutMs: 2_000, onread: IN_PLACE }));
  onTestFinished(() => {
    upstreams.close();
    server.close();
  });
  const target = { writer: { site: 'a', epoch: 1, url: origin }, origin, through: null };
  const taker = { key: 'phone', known: true };
  const ask = async () => {
    const flight = new Flight(target, 0);
    const request = { method: 'GET', path: '/', headers: [], body: NO_BODY };
    const memory = new Shares(1_000_000);
    const tried = await upstreams.try(origin, request, { flight, taker, memory });
    return tried.attempt.kind;
  };
  return { sockets, upstreams, ask };
}
