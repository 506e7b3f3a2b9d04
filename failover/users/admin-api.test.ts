import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type AdminApi, adminApiBehind, Refused, Unanswered } from './admin-api.ts';

const NO_TLS = { allowPartialTrustChain: true } as const;

test.each<[string, RequestListener, number?]>([
  ['the connection ends before an answer', (request) => request.socket.destroy()],
  [
    'the connection ends within the answer',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"', () => response.destroy());
    },
  ],
  ['no answer comes in time', () => undefined, 500],
  ['what comes is of no server of Matrix', (_request, response) => response.end('<html>')],
])('what became of an order is not known where %s', async (_how, answers, withinMs) => {
  const { api } = await apiOf(answers, withinMs);
  const order = api.ask('POST /_synapse/admin/v1/registration_tokens/new', {});
  await expect(order).rejects.toThrow(Unanswered);
});

test('behind a first answer, too', async () => {
  let asked = 0;
  const { api } = await apiOf((request, response) =>
    asked++ === 0 ? response.end('{}') : request.socket.destroy(),
  );
  expect(await api.ask('GET /')).toEqual({});
  await expect(api.ask('POST /', {})).rejects.toThrow(Unanswered);
});

test('nothing was asked where nobody listens, or where a token can stand in no header', async () => {
  const { api, close } = await apiOf((_request, response) => response.end('{}'));
  const unsaid = api.ask('GET /', undefined, 'two\nlines');
  expect(await failureOf(unsaid)).not.toBeInstanceOf(Unanswered);
  close();
  const unheard = await failureOf(api.ask('GET /'));
  expect(unheard).toMatchObject({ code: 'ECONNREFUSED' });
});

test('what a proxy says in its own words is refused by its status', async () => {
  const { api } = await apiOf((_request, response) => response.writeHead(403).end('<html>'));
  const refused = await failureOf(api.ask('GET /'));
  expect(refused).toBeInstanceOf(Refused);
  expect(refused).toMatchObject({ status: 403, isOfNow: false, mayBeDone: false });
});

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => expect.unreachable(),
    (error) => error,
  );

async function apiOf(
  answers: RequestListener,
  withinMs?: number,
): Promise<{ api: AdminApi; close: () => void }> {
  const server = createServer(answers).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const door = { origin: `http://127.0.0.1:${port}`, host: 'example.org', connect: NO_TLS };
  const api = adminApiBehind(door, withinMs);
  onTestFinished(async () => {
    await api.close();
    close();
  });
  return { api, close };
}
