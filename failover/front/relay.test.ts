import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { certificates, raiseLink, raiseWriter, refuse } from '../../test/support/front-writer.ts';

test('where the link to the writer alone is cut, requests go through the front of another site', async () => {
  await using other = await raiseSite();
  await using site = await raiseSite({ peers: { c: other.relayUrl } });
  const seen: { url: string; id: unknown; from: unknown; body: string }[] = [];
  await using writer = await raiseWriter((request, response, body) => {
    const { 'x-farol-request-id': id, 'x-forwarded-for': from } = request.headers;
    seen.push({ url: request.url ?? '', id, from, body: body.toString() });
    if (request.url !== '/in-flight' || seen.length > 1) response.end('{"ok":true}');
  });
  await using link = await raiseLink(writer.port);
  other.agentSays({ site: 'b', epoch: 1, url: writer.url });
  site.agentSays({ site: 'b', epoch: 1, url: link.url });
  await Promise.all([site, other].map((each) => each.untilWay({ kind: 'direct' })));

  const inFlight = site.put('/in-flight');
  await vi.waitFor(() => expect(seen).toHaveLength(1));
  link.cut();
  expect(await inFlight).toMatchObject({ status: 200, json: { ok: true } });
  expect(site.front.way.shown()).toEqual({ kind: 'through', site: 'c' });
  expect(seen[1]).toEqual(seen[0]);
  expect((await site.put('/next')).status).toBe(200);
  expect(seen[2]).toMatchObject({ url: '/next', from: '127.0.0.1', body: '{}' });

  link.heal();
  await site.untilWay({ kind: 'direct' });
  expect((await site.put('/healed')).status).toBe(200);
  expect(site.trouble()).toEqual([]);
});

test('a long body and its long answer go through another front whole', async () => {
  await using other = await raiseSite();
  await using site = await raiseSite({ peers: { c: other.relayUrl } });
  const long = randomBytes(2_000_000);
  await using writer = await raiseWriter((_request, response, body) =>
    response.end(JSON.stringify(body.toString('base64'))),
  );
  other.agentSays({ site: 'b', epoch: 1, url: writer.url });
  site.agentSays({ site: 'b', epoch: 1, url: 'https://127.0.0.1:1' });
  await site.untilWay({ kind: 'through', site: 'c' });
  const { json } = await site.ask('POST', '/long', {}, long);
  expect(json).toBe(long.toString('base64'));
});

test('two fronts that are both cut off hold their requests, and send none around', async () => {
  await using first = await raiseSite();
  await using second = await raiseSite({ peers: { a: first.relayUrl } });
  await using third = await raiseSite({ peers: { a: first.relayUrl, b: second.relayUrl } });
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  const sites = [first, second, third];
  for (const each of sites) each.agentSays({ site: 'w', epoch: 1, url: 'https://127.0.0.1:1' });
  await Promise.all(sites.map((each) => each.untilWay({ kind: 'none' })));
  const held = sites.map((each) => each.put('/1'));
  await Promise.all(sites.map((each) => each.untilHeld(1)));
  expect(sites.map((each) => each.front.count.inFlight())).toEqual([1, 1, 1]);

  second.agentSays({ site: 'w', epoch: 1, url: writer.url });
  await third.untilWay({ kind: 'through', site: 'b' });
  expect((await held[2]!).status).toBe(200);
  // Only directly: who goes through another front is no way for a third.
  expect(await insider(third.relayUrl)).toMatchObject({
    statusCode: 503,
    headers: { 'x-farol-not-writer': '1' },
  });
  expect(first.front.way.shown()).toMatchObject({ kind: 'none' });
  for (const each of sites) each.agentSays({ site: 'w', epoch: 1, url: writer.url });
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('what broke off behind another front may have been done, and is asked for again as such', async () => {
  await using other = await raiseSite();
  await using site = await raiseSite({ peers: { c: other.relayUrl } });
  let seen = 0;
  await using writer = await raiseWriter((request, response) => {
    if (++seen === 1) request.socket.destroy();
    else response.end('{}');
  });
  other.agentSays({ site: 'b', epoch: 1, url: writer.url });
  site.agentSays({ site: 'b', epoch: 1, url: 'https://127.0.0.1:1' });
  await site.untilWay({ kind: 'through', site: 'c' });
  expect((await site.put('/1')).status).toBe(200);
  expect(site.front.count.replayed).toBe(1);
});

test('a front passes on only what comes with a certificate of the cluster', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter((_request, response) => response.end('{}'));
  site.agentSays({ site: 'b', epoch: 1, url: writer.url });
  await site.untilWay({ kind: 'direct' });
  const stranger = new Agent({ connect: { ca: site.ca } });
  onTestFinished(() => stranger.destroy());
  await expect(request(`${site.relayUrl}/1`, { dispatcher: stranger })).rejects.toThrow();
});

test('a front without a way of its own says so as a server does that is not the writer', async () => {
  await using other = await raiseSite();
  await using site = await raiseSite({ peers: { c: other.relayUrl } });
  let lapsed = false;
  let executed = 0;
  await using writer = await raiseWriter(
    (_request, response) => {
      if (lapsed) return refuse(response);
      executed++;
      return response.end('{}');
    },
    (response) => (lapsed ? refuse(response) : response.end('{}')),
  );
  other.agentSays({ site: 'b', epoch: 1, url: writer.url });
  site.agentSays({ site: 'b', epoch: 1, url: 'https://127.0.0.1:1' });
  await site.untilWay({ kind: 'through', site: 'c' });
  lapsed = true;
  const answer = site.put('/1');
  await site.untilHeld(1);
  await site.untilWay({ kind: 'none' });
  lapsed = false;
  expect((await answer).status).toBe(200);
  expect(executed).toBe(1);
});

/** As a front of the cluster asks another. */
async function insider(url: string) {
  const files = await certificates();
  const [ca, cert, key] = await Promise.all(
    [files.ca, files.certificate, files.key].map((file) => readFile(file)),
  );
  const dispatcher = new Agent({ connect: { ca: ca!, cert: cert!, key: key! } });
  onTestFinished(() => dispatcher.destroy());
  const answer = await request(`${url}/1`, { dispatcher });
  await answer.body.dump();
  return answer;
}
