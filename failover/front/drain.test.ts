import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';

test('a front that ends answers what it was asked, says that it was the last, and takes nothing new', async () => {
  await using site = await raiseSite();
  const reached = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  await using writer = await raiseWriter(async (_request, response) => {
    reached.resolve();
    await mayAnswer.promise;
    response.end('{"ok":true}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const answer = site.put('/_matrix/client/v3/x');
  await reached.promise;
  const drained = site.front.drain();
  await vi.waitFor(async () => expect((await site.health()).accepting).toBe(false));
  mayAnswer.resolve();
  expect(await answer).toMatchObject({
    status: 200,
    json: { ok: true },
    headers: { connection: 'close' },
  });
  await drained;
  await expect(site.put('/_matrix/client/v3/y')).rejects.toThrow(/ECONNREFUSED/);
});

test('a front that ends has a long poll answered at once', async () => {
  await using site = await raiseSite();
  const timeouts: (string | null)[] = [];
  await using writer = await raiseWriter((request, response) => {
    const timeout = new URL(request.url!, 'http://x').searchParams.get('timeout');
    timeouts.push(timeout);
    if (timeout === '0') response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const answer = site.get('/_matrix/client/v3/sync?timeout=30000');
  await vi.waitFor(() => expect(timeouts).toHaveLength(1));
  await site.front.drain();
  expect((await answer).status).toBe(200);
  expect(timeouts).toEqual([expect.any(String), '0']);
});

test('a long poll that another front passed on goes elsewhere, and does not keep one that ends', async () => {
  await using ending = await raiseSite();
  await using site = await raiseSite({ peers: { c: ending.relayUrl } });
  const asked: string[] = [];
  await using writer = await raiseWriter((request, response) => {
    asked.push(request.url!);
    if (asked.length > 1) response.end('{}');
  });
  ending.agentSays({ site: 'b', epoch: 1, url: writer.url });
  site.agentSays({ site: 'b', epoch: 1, url: 'https://127.0.0.1:1' });
  await site.untilWay({ kind: 'through', site: 'c' });
  const answer = site.get('/_matrix/client/v3/sync?timeout=30000');
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  await ending.front.drain();
  expect(ending.front.count.inFlight()).toBe(0);
  site.agentSays({ site: 'b', epoch: 1, url: writer.url });
  expect((await answer).status).toBe(200);
});

test('a front that ends answers who polls and asks again while it ends, and then is gone', async () => {
  await using site = await raiseSite();
  let asked = 0;
  await using writer = await raiseWriter((_request, response) => {
    asked++;
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const client = connect({ port: site.port, ca: site.ca, checkServerIdentity: () => undefined });
  await once(client, 'secureConnect');
  const said = text(client);
  client.write(POLL);
  await vi.waitFor(() => expect(asked).toBe(1));
  await vi.waitFor(() => expect(client.bytesRead).toBeGreaterThan(0));
  const drained = site.front.drain();
  client.write(POLL);
  const answers = await said;
  expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(answers.match(/connection: close/gi)).toHaveLength(1);
  await drained;
  await expect(site.get('/_matrix/client/versions')).rejects.toThrow(/ECONNREFUSED/);
});

test('what comes behind the end of an idle connection is not done, since nobody would hear of it', async () => {
  await using site = await raiseSite();
  const asked: string[] = [];
  await using writer = await raiseWriter((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const client = connect({
    ...{ port: site.port, ca: site.ca, checkServerIdentity: () => undefined },
    // A client that has not read yet that the connection ends.
    ...({ allowHalfOpen: true } as object),
  });
  const ended = once(client, 'end');
  client.resume().on('error', () => {});
  await once(client, 'secureConnect');
  client.write(VERSIONS);
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  const drained = site.front.drain();
  await ended;
  client.write(CREATE_ROOM);
  await drained;
  await site.front.close();
  client.destroy();
  expect(asked).toEqual(['GET /_matrix/client/versions']);
});

const VERSIONS = 'GET /_matrix/client/versions HTTP/1.1\r\nHost: home\r\n\r\n';
const CREATE_ROOM =
  'POST /_matrix/client/v3/createRoom HTTP/1.1\r\nHost: home\r\nContent-Length: 2\r\n\r\n{}';
const POLL = 'GET /_matrix/client/v3/sync?timeout=0 HTTP/1.1\r\nHost: home\r\n\r\n';

test('what cannot be answered keeps no front from ending', async () => {
  await using site = await raiseSite();
  const answer = site.put('/_matrix/client/v3/x').catch((error: Error) => error);
  await site.untilHeld(1);
  await site.front.drain(20);
  await site.front.close();
  expect(await answer).toBeInstanceOf(Error);
});
