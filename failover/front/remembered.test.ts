import { expect, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter } from '../../test/support/front-writer.ts';
import { Remembered } from './remembered.ts';

const told = (body: object, status = 200) => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
  over: () => undefined,
});

test('without a writer a front answers with what the last one said of the server', async () => {
  await using site = await raiseSite();
  await using writer = await raiseWriter(
    (_request, response) => response.end('{"m.server":"now.test:443"}'),
    (response, request) => {
      const known = request.url === '/.well-known/matrix/server';
      const body = known ? '{"m.server":"farol.test:443"}' : '{"errcode":"M_UNRECOGNIZED"}';
      response.writeHead(known ? 200 : 404, { 'content-length': body.length }).end(body);
    },
  );
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  await site.untilWay({ kind: 'direct' });
  const now = await site.get('/.well-known/matrix/client');
  expect(now.json).toEqual({ 'm.server': 'now.test:443' });
  site.agentSays(null);
  await vi.waitFor(() => expect(site.front.way.open).toBeNull());
  await vi.waitFor(async () =>
    expect(await site.get('/.well-known/matrix/server')).toMatchObject({
      status: 200,
      json: { 'm.server': 'farol.test:443' },
    }),
  );
  expect((await site.get('/.well-known/matrix/support')).status).toBe(404);
});

test('signed keys are told while they are valid, and no longer', () => {
  let now = 1_000;
  const remembered = new Remembered(() => now);
  const path = '/_matrix/key/v2/server';
  remembered.note('GET', path, told({ valid_until_ts: 2_000 }));
  expect(remembered.answerTo('GET', path)?.status).toBe(200);
  now = 2_000;
  expect(remembered.answerTo('GET', path)).toBeUndefined();
});

test('an error is not remembered, nor what is not the same for everybody', () => {
  const remembered = new Remembered(() => 0);
  remembered.note('GET', '/.well-known/matrix/client', told({}));
  remembered.note('GET', '/.well-known/matrix/client', told({ errcode: 'M_UNKNOWN' }, 500));
  expect(remembered.answerTo('GET', '/.well-known/matrix/client')?.status).toBe(200);
  expect(remembered.answerTo('POST', '/.well-known/matrix/client')).toBeUndefined();
  remembered.note('GET', '/_matrix/client/v3/account/whoami', told({}));
  expect(remembered.answerTo('GET', '/_matrix/client/v3/account/whoami')).toBeUndefined();
});

test('an answer that is larger than any of these need be is not kept', () => {
  const remembered = new Remembered(() => 0);
  const path = '/.well-known/matrix/client';
  const fits = { ...told({}), body: Buffer.alloc(64 * 1024, ' ') };
  expect(remembered.note('GET', path, { ...fits, body: Buffer.alloc(64 * 1024 + 1) })).toBe(false);
  expect(remembered.answerTo('GET', path)).toBeUndefined();
  expect(remembered.note('GET', path, fits)).toBe(true);
});
