import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { lookAtClock } from './clock.ts';
import { knock } from './doors.ts';
import { lookAtWellKnown } from './well-known.ts';

const authority = await certificateAuthority();
const ca = readFileSync(authority.ca);

const MATRIX: RequestListener = (request, response) => {
  const said =
    request.url === '/_matrix/client/versions'
      ? { versions: ['v1.18'] }
      : { 'm.homeserver': { base_url: 'https://chat.example.org/' } };
  response.end(JSON.stringify(said));
};

test('a door shows whose certificate it has, what it answers, and which cluster is behind it', async () => {
  const port = await tlsServer(MATRIX);
  const door = await knock({ address: '127.0.0.1', port, host: 'chat.example.org', ca });
  expect(door).toMatchObject({
    kind: 'open',
    certificate: { coversName: true, signedBy: 'cluster' },
    versions: { kind: 'answer', status: 200 },
    baseUrl: 'https://chat.example.org',
  });
  if (door.kind !== 'open') return;
  expect(door.certificate.untilMs - Date.now()).toBeGreaterThan(29 * 86_400_000);
  expect(door.certificate.fromMs).toBeLessThanOrEqual(Date.now());
});

test('a certificate of another name, and one that nobody knows, are told apart from it', async () => {
  const port = await tlsServer(MATRIX);
  const other = await knock({
    address: '127.0.0.1',
    port,
    host: 'other.example.org',
    ca: undefined,
  });
  expect(other).toMatchObject({ certificate: { coversName: false, signedBy: 'stranger' } });
});

test('a door that accepts and never answers is open and silent', async () => {
  const port = await tlsServer((_request, response) => response.destroy());
  const door = await knock({ address: '127.0.0.1', port, host: 'chat.example.org', ca });
  expect(door).toMatchObject({ kind: 'open', versions: { kind: 'silence' }, baseUrl: null });
});

test('where nobody listens the door is shut, and it is said why', async () => {
  const door = await knock({ address: '127.0.0.1', port: 1, host: 'chat.example.org', ca });
  expect(door).toMatchObject({ kind: 'shut', why: expect.stringContaining('ECONNREFUSED') });
});

test.each([
  ['says where the server is', MATRIX, { kind: 'told', baseUrl: 'https://chat.example.org' }],
  [
    'knows no such page',
    ((_request, response) => response.writeHead(404).end('{}')) satisfies RequestListener,
    { kind: 'none', status: 404 },
  ],
  [
    'answers with something else',
    ((_request, response) => response.end('{"hello":"world"}')) satisfies RequestListener,
    { kind: 'none', status: 200 },
  ],
] as const)('a server name that %s is told as that', async (_, listener, seen) => {
  const port = await tlsServer(listener);
  expect(await lookAtWellKnown(`localhost:${port}`)).toEqual(seen);
});

test('a server name where nobody answers is silent', async () => {
  expect(await lookAtWellKnown('localhost:1')).toMatchObject({ kind: 'silence' });
});

test('a clock that is a minute ahead of that of another member is seen to be, and who is silent is left out', async () => {
  const urls = await Promise.all([-60_000, 0].map((ms) => memberWith(ms)));
  const { ahead } = await lookAtClock(
    ['http://own.invalid:2379', ...urls, 'http://127.0.0.1:1'],
    undefined,
  );
  expect(ahead.map(({ member }) => member)).toEqual(urls.map((url) => new URL(url).host));
  // What passes between question and answer is taken off.
  expect(ahead[0]!.ms).toBeGreaterThan(30_000);
  expect(ahead[0]!.ms).toBeLessThan(61_000);
  expect(ahead[1]!.ms).toBe(0);
});

async function tlsServer(listener: RequestListener): Promise<number> {
  const { certificate, key } = await authority.issue('chat.example.org', {
    dns: ['chat.example.org'],
  });
  const server = createTlsServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    listener,
  );
  server.listen(0);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A member of etcd whose clock is so far ahead of ours. */
async function memberWith(aheadMs: number): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { date: new Date(Date.now() + aheadMs).toUTCString() }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
