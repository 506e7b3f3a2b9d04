import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';
import { requestsSocketOf } from '../sockets.ts';

test('the server beside a front is asked by its socket, with all that it is told of a client, and any other by TLS', async () => {
  await using here = await raiseWriter((_request, response) => response.end('{"by":"TLS"}'));
  await using there = await raiseWriter((_request, response) => response.end('{"by":"TLS"}'));
  await using site = await raiseSite({ serverUrl: here.url });
  await raiseBeside(site.runtimeDir);
  site.agentSays({ site: 'a', epoch: 1, url: here.url });
  const told = await site.put('/_matrix/client/v3/x', { host: 'farol.test' });
  expect(told.json).toEqual({ by: 'its socket', host: 'farol.test', client: '127.0.0.1' });
  site.agentSays({ site: 'b', epoch: 2, url: there.url });
  expect((await site.put('/_matrix/client/v3/y')).json).toEqual({ by: 'TLS' });
});

test('one that has no socket is asked by TLS', async () => {
  await using here = await raiseWriter((_request, response) => response.end('{"by":"TLS"}'));
  await using site = await raiseSite({ serverUrl: here.url });
  site.agentSays({ site: 'a', epoch: 1, url: here.url });
  expect((await site.put('/_matrix/client/v3/x')).json).toEqual({ by: 'TLS' });
});

test('what is under way at its socket when it falls is asked of the server that rises in its place', async () => {
  await using here = await raiseWriter((_request, response) => response.end('{"by":"TLS"}'));
  await using site = await raiseSite({ serverUrl: here.url });
  const falling = await raiseBeside(site.runtimeDir, () => falling.fall());
  site.agentSays({ site: 'a', epoch: 1, url: here.url });
  expect((await site.put('/_matrix/client/v3/x')).json).toEqual({ by: 'TLS' });
});

/** A server at the socket of its site. */
async function raiseBeside(runtimeDir: string, whenAsked: () => void = () => undefined) {
  const path = requestsSocketOf(runtimeDir);
  await mkdir(dirname(path));
  const server = createServer(({ headers }, response) => {
    if (headers['x-farol-probe'] !== undefined) return void response.end('{}');
    whenAsked();
    const [host, client] = [headers['x-forwarded-host'], headers['x-forwarded-for']];
    response.end(JSON.stringify({ by: 'its socket', host, client }));
  });
  await once(server.listen(path), 'listening');
  const fall = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(fall);
  return { fall };
}
