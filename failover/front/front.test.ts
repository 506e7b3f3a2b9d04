import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseResetting, raiseWriter, refuse } from '../../test/support/front-writer.ts';

test('a request is held while there is no writer, and answered when there is one', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{"ok":true}'));
  const answer = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect(await answer).toMatchObject({ status: 200, json: { ok: true } });
});

test('a request that a writer never saw goes to the next one', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const unreachable = await raiseWriter(() => undefined);
  await unreachable[Symbol.asyncDispose]();
  site.agentSays({ site: 'a', epoch: 1, url: unreachable.url });
  const answer = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  site.agentSays({ site: 'b', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a client may call the server by its name', async () => {
  await using site = await raiseSite();
  let forwarded: unknown;
  await using writer = await raiseWriter((request, response) => {
    forwarded = request.headers['x-forwarded-host'];
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/1', { host: 'farol.test' })).status).toBe(200);
  expect((await site.put('/2', { host: 'farol.test' })).status).toBe(200);
  expect(forwarded).toBe('farol.test');
});

test('an answer that was lost is asked for again under the same request id', async () => {
  await using site = await raiseSite();
  const seen: (string | string[] | undefined)[] = [];
  await using writer = await raiseWriter((request, response) => {
    seen.push(request.headers['x-farol-request-id']);
    if (seen.length === 1) request.socket.destroy();
    else response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toBe(seen[1]);
  expect(seen[0]).not.toBe('mine');
});

test('a writer that hangs is left as soon as another one has taken over', async () => {
  await using site = await raiseSite();
  const reached = Promise.withResolvers<void>();
  await using frozen = await raiseWriter(() => reached.resolve());
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: frozen.url });
  const answer = site.put('/_matrix/client/v3/x');
  await reached.promise;
  site.agentSays({ site: 'b', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a server that rose in its place keeps what it was sent before its epoch is told', async () => {
  await using site = await raiseSite();
  let seen = 0;
  await using writer = await raiseWriter((_request, response) => {
    seen++;
    site.agentSays({ site: 'a', epoch: 2, url: writer.url });
    setTimeout(() => response.end('{}'), 50);
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
  expect(seen).toBe(1);
});

test('a server that resets connections while it starts has not seen the request', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  await using starting = await raiseResetting();
  site.agentSays({ site: 'a', epoch: 1, url: starting.url });
  const answer = site.put('/_matrix/client/v3/x');
  await vi.waitFor(() => expect(starting.count).toBeGreaterThan(3));
  site.agentSays({ site: 'a', epoch: 2, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a server that breaks everything off while it ends does not use up the replays', async () => {
  await using site = await raiseSite();
  const endedAt = performance.now() + 500;
  await using writer = await raiseWriter((request, response) => {
    if (performance.now() < endedAt) request.socket.destroy();
    else response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(200);
});

test('a request that silences two writers is set aside with 503 and Retry-After', async () => {
  await using site = await raiseSite();
  await using first = await raiseWriter((request) => {
    site.agentSays({ site: 'b', epoch: 2, url: second.url });
    request.socket.destroy();
  });
  await using second = await raiseWriter((request) => void request.socket.destroy());
  site.agentSays({ site: 'a', epoch: 1, url: first.url });
  const answer = await site.put('/_matrix/client/v3/x');
  expect(answer).toMatchObject({ status: 503, json: { errcode: 'M_UNKNOWN' } });
  expect(answer.headers['retry-after']).toBeDefined();
});

test('without a writer the client is told so when the time of holding is over', async () => {
  await using site = await raiseSite({ hold: { forMs: 50 } });
  expect((await site.put('/_matrix/client/v3/x')).status).toBe(503);
});

test('more requests than may be held are refused at once', async () => {
  await using site = await raiseSite({ hold: { requestsMax: 1 } });
  const held = site.put('/_matrix/client/v3/x');
  await site.untilHeld(1);
  expect((await site.put('/_matrix/client/v3/y')).status).toBe(503);
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await held).status).toBe(200);
});

test("one device's held requests arrive in their order, each after the answer to the one before", async () => {
  await using site = await raiseSite();
  const seen: string[] = [];
  let underWay = 0;
  let most = 0;
  await using writer = await raiseWriter((request, response) => {
    seen.push(request.url ?? '');
    most = Math.max(most, ++underWay);
    setImmediate(() => {
      underWay--;
      response.end('{}');
    });
  });
  const answers: Promise<unknown>[] = [];
  const paths = ['/1', '/2', '/3', '/4', '/5'];
  for (const [index, path] of paths.entries()) {
    answers.push(site.put(path));
    await site.untilHeld(index + 1);
  }
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await Promise.all(answers);
  expect({ seen, most }).toEqual({ seen: paths, most: 1 });
});

test('when the address is about to leave, answers through it say that they are the last', async () => {
  await using site = await raiseSite({ address: '127.0.0.1' });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  expect((await site.put('/1')).headers.connection).toBe('keep-alive');
  site.agentSays(a, true);
  await vi.waitFor(async () => expect((await site.put('/2')).headers.connection).toBe('close'));
  await vi.waitFor(() => expect(site.connections()).toBe(0));
});

test('when the address is about to leave, a long poll through it is answered at once', async () => {
  await using site = await raiseSite({ address: '127.0.0.1' });
  const asked: string[] = [];
  await using writer = await raiseWriter((request, response) => {
    asked.push(request.url!);
    if (request.url!.includes('timeout=0')) response.end('{}');
  });
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  const poll = site.get('/_matrix/client/v3/sync?timeout=30000');
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  site.agentSays(a, true);
  expect((await poll).headers.connection).toBe('close');
  expect(asked).toHaveLength(2);
});

test('when the address is about to leave, an idle connection to it is ended', async () => {
  await using site = await raiseSite({ address: '127.0.0.1' });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a);
  await site.put('/1');
  expect(site.connections()).toBe(1);
  site.agentSays(a, true);
  await vi.waitFor(() => expect(site.connections()).toBe(0));
});

test('a front tells how long the oldest request through the address waits, but not of long polls', async () => {
  await using site = await raiseSite({ address: '127.0.0.1' });
  const mayAnswer = Promise.withResolvers<void>();
  await using writer = await raiseWriter(async (request, response) => {
    if (request.url!.includes('/slow')) await mayAnswer.promise;
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.put('/quick');
  expect((await site.health()).slowestMs).toBe(0);
  const poll = site.get('/_matrix/client/v3/sync?slow=/slow');
  await vi.waitFor(() => expect(site.front.count.inFlight()).toBe(1));
  expect((await site.health()).slowestMs).toBe(0);
  const slow = site.put('/slow');
  await vi.waitFor(async () => expect((await site.health()).slowestMs).toBeGreaterThan(50));
  mayAnswer.resolve();
  await Promise.all([poll, slow]);
  await vi.waitFor(async () => expect((await site.health()).slowestMs).toBe(0));
});

test('what is not of the address stays when it leaves', async () => {
  await using site = await raiseSite({ address: '192.0.2.1' });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const a = { site: 'a', epoch: 1, url: writer.url };
  site.agentSays(a, true);
  expect((await site.put('/1')).headers.connection).toBe('keep-alive');
});

test('an agent that is gone changes nothing: the last writer goes on', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect((await site.put('/1')).status).toBe(200);
  await site.agentDies();
  expect((await site.put('/2')).status).toBe(200);
});

test('a 503 of the writer itself is an answer, and passed on', async () => {
  await using site = await raiseSite();
  let seen = 0;
  await using writer = await raiseWriter((_request, response) => {
    seen++;
    response.writeHead(503, { 'content-length': '25' }).end('{"errcode":"M_UNKNOWN_X"}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  expect(await site.put('/1')).toMatchObject({ status: 503, json: { errcode: 'M_UNKNOWN_X' } });
  expect(seen).toBe(1);
});

test('a request does not overtake the older ones of its device that are held', async () => {
  await using site = await raiseSite();
  const seen: string[] = [];
  const reached = Promise.withResolvers<ServerResponse>();
  await using writer = await raiseWriter((request, response) => {
    seen.push(request.url ?? '');
    if (request.url === '/older') reached.resolve(response);
    else response.end('{}');
  });
  const older = site.put('/older');
  await site.untilHeld(1);
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const response = await reached.promise;
  const younger = site.put('/younger');
  await site.untilHeld(2);
  expect((await site.put('/stranger', { authorization: 'Bearer other' })).status).toBe(200);
  expect(seen).toEqual(['/older', '/stranger']);
  response.end('{}');
  await Promise.all([older, younger]);
  expect(seen).toEqual(['/older', '/stranger', '/younger']);
});

test('a writer that lapsed is asked by one probe, and not by all that are held', async () => {
  await using site = await raiseSite();
  let probes = 0;
  let lapsed = true;
  const seen: string[] = [];
  await using writer = await raiseWriter(
    (request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    },
    (response) => {
      probes++;
      if (lapsed) refuse(response);
      else response.end('{}');
    },
  );
  const held = Array.from({ length: 30 }, (_, n) =>
    site.put(`/${n}`, { authorization: `Bearer ${n}` }),
  );
  await site.untilHeld(30);
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await vi.waitFor(() => expect(probes).toBeGreaterThan(4));
  expect(seen).toEqual([]);
  lapsed = false;
  const answers = await Promise.all(held);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(seen).toHaveLength(30);
});

test('where the writer lapses, one that is refused waits with the others for the probe', async () => {
  await using site = await raiseSite();
  let lapsed = false;
  let refused = 0;
  await using writer = await raiseWriter(
    (_request, response) => {
      if (refused > 0 && !lapsed) return response.end('{}');
      // Together with the request, so that no probe has found it before.
      lapsed = true;
      refused++;
      return refuse(response);
    },
    (response) => (lapsed ? refuse(response) : response.end('{}')),
  );
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.untilWay({ kind: 'direct' });
  const answer = site.put('/1');
  await site.untilWay({ kind: 'none' });
  await site.untilHeld(1);
  lapsed = false;
  expect((await answer).status).toBe(200);
  expect(refused).toBe(1);
});

test('a front says how it reaches the writer, and since when it does not', async () => {
  await using site = await raiseSite();
  expect((await site.health()).way).toBeNull();
  const writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.untilWay({ kind: 'direct' });
  expect(await site.health()).toMatchObject({ accepting: true, way: { kind: 'direct' } });
  await writer[Symbol.asyncDispose]();
  await site.untilWay({ kind: 'none' });
  expect((await site.health()).way).toMatchObject({ kind: 'none' });
});

test('what a client names in Connection, and what only fronts may say, ends at the front', async () => {
  await using site = await raiseSite();
  let headers: IncomingHttpHeaders = {};
  await using writer = await raiseWriter((request, response) => {
    headers = request.headers;
    response.setHeader('x-farol-note', 'inner').end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const raw = await rawRequest(site, [
    'PUT /1 HTTP/1.1',
    'Host: farol.test',
    'Authorization: Bearer t',
    'Connection: X-Secret, Authorization, close',
    'X-Secret: yes',
    'X-Forwarded-For: 192.0.2.9',
    'X-Farol-Attempt: 9',
    'X-Kept: yes',
    'Content-Length: 2',
    '',
    '{}',
  ]);
  expect(raw).toMatch(/^HTTP\/1\.1 200 /);
  expect(raw).not.toMatch(/x-farol/i);
  expect(headers).toMatchObject({
    'x-kept': 'yes',
    authorization: 'Bearer t',
    'x-forwarded-for': '127.0.0.1',
    'x-farol-attempt': '1',
  });
  expect(headers['x-secret']).toBeUndefined();
});

test('whoever makes up tokens stays a stranger, and all devices of a user are one client', async () => {
  await using other = await raiseSite();
  await using site = await raiseSite({ hold: { requestsMax: 8 }, peers: { c: other.relayUrl } });
  await using writer = await raiseWriter(({ headers }, response) => {
    const user = /^Bearer (@.*)-\d$/.exec(headers.authorization ?? '')?.[1];
    if (user !== undefined) response.setHeader('x-farol-user', user);
    response.end('{}');
  });
  other.agentSays({ site: 'a', epoch: 1, url: writer.url });
  // Through another front, which passes on what only fronts may say.
  site.agentSays({ site: 'a', epoch: 1, url: 'https://127.0.0.1:1' });
  await site.untilWay({ kind: 'through', site: 'c' });
  const by = (token: string) => site.put('/1', { authorization: `Bearer ${token}` });
  const tokens = ['made-up-1', 'made-up-2', '@alice-1', '@alice-2', '@bob-1'];
  for (const token of tokens) expect((await by(token)).headers['x-farol-user']).toBeUndefined();
  site.agentSays(null);
  const first = [by('made-up-1'), by('@alice-1'), by('@bob-1')];
  await site.untilHeld(3);
  for (const token of ['made-up-2', '@alice-2']) expect((await by(token)).status).toBe(503);
  site.agentSays({ site: 'a', epoch: 2, url: writer.url });
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('another homeserver, which signs each request anew, is one client by its name, and none waits for its others', async () => {
  await using site = await raiseSite({ hold: { requestsMax: 8 } });
  await using writer = await raiseWriter(({ headers }, response) => {
    const origin = /origin="([^"]*)"/.exec(headers.authorization ?? '')?.[1];
    if (origin !== 'liar.org') response.setHeader('x-farol-user', `server%20${origin}`);
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  let signed = 0;
  const by = (origin: string) =>
    site.put('/1', {
      authorization: `X-Matrix origin="${origin}",key="ed25519:a",sig="${++signed}"`,
    });
  for (const origin of ['peer.org', 'other.org', 'liar.org']) await by(origin);
  site.agentSays(null);
  const first = [by('liar.org'), by('peer.org'), by('other.org')];
  await site.untilHeld(3);
  for (const origin of ['liar.org', 'peer.org']) expect((await by(origin)).status).toBe(503);
  site.agentSays({ site: 'a', epoch: 2, url: writer.url });
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('pipelined requests are answered in their order, each once', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((request, response) => {
    setTimeout(() => response.end(JSON.stringify(request.url)), request.url === '/0' ? 30 : 0);
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const one = (n: number, last: string) => [`GET /${n} HTTP/1.1`, 'Host: f', last, '', ''];
  const raw = await rawRequest(site, [
    ...one(0, 'X: 1').slice(0, -1),
    ...one(1, 'X: 1').slice(0, -1),
    ...one(2, 'Connection: close'),
  ]);
  expect(raw.match(/"\/\d"/g)).toEqual(['"/0"', '"/1"', '"/2"']);
});

test('one request after the other goes over one connection to the writer', async () => {
  await using site = await raiseSite();
  const ports = new Set<number | undefined>();
  await using writer = await raiseWriter((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  for (let n = 0; n < 20; n++) expect((await site.put(`/${n}`)).status).toBe(200);
  // The front's own questions may have taken the one used last.
  expect(ports.size).toBeLessThan(8);
});

test('a request target that is no path is refused, and no writer is asked in vain', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.untilWay({ kind: 'direct' });
  const raw = await rawRequest(site, [
    'OPTIONS * HTTP/1.1',
    'Host: f',
    'Connection: close',
    '',
    '',
  ]);
  expect(raw).toMatch(/^HTTP\/1\.1 400 /);
  expect(site.front.count.replayed).toBe(0);
});

test('headers beyond all measure are refused, and the front goes on', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const asked = rawRequest(site, ['GET / HTTP/1.1', `X: ${'x'.repeat(100_000)}`, '', '']);
  // Node may reset the connection before the answer is read.
  expect(await asked.catch(() => 'reset')).toMatch(/^(?:HTTP\/1\.1 431 |reset$)/);
  expect((await site.put('/1')).status).toBe(200);
});

test('what a client asked to be done is done when it leaves, and only a reading ends with it', async () => {
  await using site = await raiseSite();
  const reached = { PUT: Promise.withResolvers<void>(), GET: Promise.withResolvers<void>() };
  const ended: string[] = [];
  let finish = () => {};
  await using writer = await raiseWriter((request, response) => {
    const method = request.method as 'PUT' | 'GET';
    response.once('close', () => ended.push(response.writableFinished ? method : `${method} cut`));
    if (method === 'PUT') finish = () => response.end('{}');
    reached[method].resolve();
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  for (const method of ['PUT', 'GET'] as const) {
    const socket = await openTls(site);
    socket.write(`${method} /1 HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n`);
    await reached[method].promise;
    socket.destroy();
  }
  await vi.waitFor(() => expect(ended).toEqual(['GET cut']));
  finish();
  await vi.waitFor(() => expect(ended).toEqual(['GET cut', 'PUT']));
  expect(site.front.count.replayed).toBe(0);
});

test('no more connections are taken than there is memory for', async () => {
  await using site = await raiseSite({ connectionsMax: 2 });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const sockets = await Promise.all([1, 2].map(() => openTls(site)));
  await expect(openTls(site)).rejects.toThrow();
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => expect((await site.put('/1')).status).toBe(200));
});

/** What comes back on one connection until its end. */
async function rawRequest(site: Awaited<ReturnType<typeof raiseSite>>, lines: string[]) {
  const socket = await openTls(site);
  socket.write(lines.join('\r\n'));
  return text(socket);
}

async function openTls(site: Awaited<ReturnType<typeof raiseSite>>): Promise<TLSSocket> {
  const socket = connect({
    port: site.port,
    ca: site.ca,
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  return socket;
}
