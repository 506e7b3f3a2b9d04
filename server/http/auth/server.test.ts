import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { mounted } from '../../../test/support/mounted.ts';
import { openGate, UNLIMITED } from '../../../test/support/open-gate.ts';
import { subject } from '../../log/on-behalf.ts';
import type { Server } from '../../protocol/caller.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { endpoint } from '../endpoint.ts';
import { RateLimits } from '../rate-limits.ts';
import { serve } from '../serve.ts';

const origin = 'peer.org' as ServerName;
const PEER: Server = { kind: 'server', origin };

const whoAsks = endpoint({
  operation: 'whoAsks',
  routes: ['PUT /who'],
  auth: 'server',
  rateLimit: 'none',
  idempotency: 'natural',
  body: { json: z.object({}) },
  handle: async ({ caller }) => ({ origin: caller.origin, on_behalf_of: subject() }),
});

async function start(prove: () => Promise<Server>) {
  const rateLimits = new RateLimits({ ...UNLIMITED, read: { perSecond: 1, burst: 2 } }, () => 0);
  const servers = { claimed: () => [], prove };
  const server = await serve(mounted([whoAsks]), openGate({}, { servers, rateLimits }));
  return {
    url: `${server.origin}/who`,
    ask: async () => {
      const answer = await fetch(`${server.origin}/who`, { method: 'PUT', body: '{}' });
      return { status: answer.status, body: (await answer.json()) as object };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test('an address has no more proofs under way than it may fail', async () => {
  const proof = Promise.withResolvers<Server>();
  await using at = await start(() => proof.promise);
  const asked = [at.ask(), at.ask(), at.ask()];
  expect((await Promise.race(asked)).status).toBe(429);
  proof.reject(new MatrixError(401, 'M_UNAUTHORIZED', 'No'));
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([401, 401, 429]);
  expect((await at.ask()).status).toBe(429);
});

test('who has to wait is told so before their body has come', async () => {
  await using at = await start(() => Promise.reject(new MatrixError(401, 'M_UNAUTHORIZED', 'No')));
  for (let n = 0; n < 2; n += 1) expect((await at.ask()).status).toBe(401);
  const asking = request(at.url, { method: 'PUT', headers: { 'content-length': 2 } });
  asking.on('error', () => {});
  asking.flushHeaders();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(429);
  asking.destroy();
});

test('a proof that holds costs its address nothing', async () => {
  await using at = await start(async () => PEER);
  for (let n = 0; n < 5; n += 1) expect((await at.ask()).status).toBe(200);
});

test('of a body whose numbers are kept as they stand no more is walked than an event can hold', async () => {
  await using at = await start(async () => PEER);
  const put = async (body: string) => (await fetch(at.url, { method: 'PUT', body })).status;
  const [floats, integers] = ['1.0,', '1,'].map((one) => `{"x":[${one.repeat(33_000)}1]}`);
  expect(await put(integers!)).toBe(200);
  expect(await put(floats!)).toBe(400);
  expect(await put(`{"x":[${'1.0,'.repeat(16_384)}1]}`)).toBe(200);
});

test('what a proof needs is looked up on behalf of the address, and answered on that of the server', async () => {
  const subjects: string[] = [];
  await using at = await start(async () => {
    subjects.push(subject());
    return PEER;
  });
  expect((await at.ask()).body).toEqual({ origin, on_behalf_of: `server ${origin}` });
  expect(subjects).toEqual(['127.0.0.1']);
});
