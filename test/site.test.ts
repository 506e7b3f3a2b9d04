import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../server/config/read-config.ts';
import { buildHomeserver } from '../server/homeserver.ts';
import { bootTimeMs } from '../server/log/deadline.ts';
import type { Health } from '../server/role/control-socket.ts';
import { startSite } from '../server/role/site.ts';
import { type Authority, certificateAuthority, type Issued } from './support/certificates.ts';
import { freshDatabase } from './support/postgres.ts';

/** Servers of a cluster in this process, on one PostgreSQL, with the test as their agent and front. */
let authority: Authority;
let certificate: Issued;
const secretFile = join(mkdtempSync(join(tmpdir(), 'farol-site-')), 'secret');

beforeAll(async () => {
  authority = await certificateAuthority();
  certificate = await authority.issue('site', { ip: ['127.0.0.1'], dns: ['localhost'] });
  writeFileSync(secretFile, randomBytes(32).toString('base64'));
});
afterAll(() => rmSync(authority.folder, { recursive: true, force: true }));

test('a follower turns clients away as certainly not executed, and says how it is', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  const { status, headers } = await a.client('GET', '/versions');
  expect([status, headers['x-farol-not-writer']]).toEqual([503, '1']);
  expect(await a.health()).toMatchObject({
    site: 'a',
    role: 'follower',
    database: 'primary',
    healthy: true,
    epoch: 0,
    position: 0,
  });
});

test('who is given the role takes over and serves; the epoch is that of the leader key', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('4007');
  expect(await a.health()).toMatchObject({ role: 'writer', epoch: 4007, healthy: true });
  expect((await a.client('POST', '/register', registration('alice'))).status).toBe(200);
});

test('what administrators ordered is told also where nobody leads, the newest of it first', async () => {
  await using fresh = await freshDatabase();
  await fresh.database.query(
    'orders',
    `INSERT INTO audit SELECT n, n, '@root:x', 'order', 'of', '{}' FROM generate_series(1, 3) AS n`,
  );
  const a = await site('a', fresh.url);
  const { orders } = (await a.told('/v1/audit?limit=2')) as { orders: { at_ts: number }[] };
  expect(orders.map(({ at_ts }) => at_ts)).toEqual([3, 2]);
});

test('the same request from two fronts, or again at the next writer, is one registration', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('1');
  const ask = (at: typeof a) =>
    at.client('POST', '/register', registration('alice'), 'front-a:0000001');
  const [one, other] = await Promise.all([ask(a), ask(a)]);
  const b = await site('b', fresh.url);
  await b.becomesWriter('2');
  const third = await ask(b);
  expect([one.status, other.status, third.status]).toEqual([200, 200, 200]);
  expect([other.body, third.body]).toEqual([one.body, one.body]);
});

test('past its deadline a writer answers nobody; renewed, it goes on', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('1', 3_000);
  const status = async () => (await a.client('GET', WRITERS)).status;
  await expect.poll(status).toBe(503);
  expect((await a.client('GET', '/login')).status, 'what any server may say').toBe(200);
  expect(await a.health()).toMatchObject({ role: 'writer', healthy: true });
  await a.becomesWriter('1');
  expect((await a.client('GET', WRITERS)).status).toBe(200);
});

test('when another site takes over, the old writer ends; its memory goes with it', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('1');
  const b = await site('b', fresh.url);
  await b.becomesWriter('2');
  await expect.poll(() => a.ends).toHaveLength(1);
  expect((await a.client('GET', WRITERS)).status).toBe(503);
  expect((await b.client('GET', WRITERS)).status).toBe(200);
});

test('a writer that is told to follow ends gently', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('1');
  await a.assign({ role: 'follower' });
  expect(a.ends).toEqual(['gently']);
});

test('a writer that ends can be asked until nobody waits for an answer of it', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  await a.becomesWriter('1');
  const underWay = await a.beginRequest('/register');
  const stopped = a.stop();
  await expect.poll(() => a.client('GET', WRITERS).catch(() => null)).not.toMatchObject(SERVED);
  expect((await a.health()).site).toBe('a');
  underWay.destroy();
  await stopped;
  await expect(a.health()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('nobody is served without a certificate of the cluster', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url);
  const stranger = new Agent({ connect: { rejectUnauthorized: false } });
  onTestFinished(() => stranger.destroy());
  const asked = request(`${a.origin}/_matrix/client/versions`, { dispatcher: stranger });
  await expect(asked).rejects.toThrow();
});

/** Only the writer knows; /versions any server says. */
const WRITERS = '/register/available?username=bob';
const SERVED = { status: 200 };

const registration = (username: string) => ({
  username,
  password: 'correct horse battery staple',
  auth: { type: 'm.login.dummy' },
});

async function site(name: string, databaseUrl: string) {
  const runtimeDir = mkdtempSync(join(tmpdir(), `farol-site-${name}-`));
  const file = join(runtimeDir, 'server.yml');
  const cluster = { site: name, listen: '127.0.0.1:0', runtimeDir, databaseUrl, secretFile };
  const tls = { ca: authority.ca, ...certificate };
  const rest = { serverName: 'example.org', registration: 'open', rateLimits: { enabled: false } };
  writeFileSync(file, JSON.stringify({ ...rest, cluster: { ...cluster, ...tls } }));
  const config = readConfig({ options: ['--config', file], environment: {} });
  const ends: string[] = [];
  const running = await startSite({
    config,
    cluster: config.cluster!,
    logger: pino({ level: 'silent' }),
    build: buildHomeserver,
    onEnd: (_reason, how) => ends.push(how),
  });
  const front = await frontAgent();
  const agent = new Agent({ connect: { socketPath: join(runtimeDir, 'server.sock') } });
  onTestFinished(async () => {
    await Promise.all([front.destroy(), agent.destroy()]);
    await running.stop();
    rmSync(runtimeDir, { recursive: true, force: true });
  });
  const told = async (path: string): Promise<unknown> =>
    (await request(`http://server${path}`, { dispatcher: agent })).body.json();
  const health = async () => (await told('/v1/health')) as Health;
  const assign = (assignment: object) =>
    request('http://server/v1/role', {
      method: 'PUT',
      body: JSON.stringify(assignment),
      dispatcher: agent,
    }).then(({ body }) => body.dump());
  return {
    origin: running.origin,
    ends,
    stop: () => running.stop(),
    /** Sends the head of a request, and is back when the server waits for its body. */
    async beginRequest(path: string) {
      const { ca, cert, key } = await frontsTls();
      const headers = { expect: '100-continue', 'content-length': 1_000 };
      const url = `${running.origin}/_matrix/client/v3${path}`;
      const begun = httpsRequest(url, { method: 'POST', headers, ca, cert, key });
      begun.on('error', () => undefined).flushHeaders();
      await once(begun, 'continue');
      return begun;
    },
    ...{ health, told, assign },
    async becomesWriter(leaderRevision: string, forMs = 60_000) {
      const writer = { role: 'writer', leaderRevision, deadlineMs: bootTimeMs() + forMs };
      await assign(writer);
      await expect.poll(async () => (await health()).role).toBe('writer');
    },
    async client(
      method: 'GET' | 'POST',
      path: string,
      json?: object,
      requestId = 'front-a:random',
    ) {
      const version = path === '/versions' ? '' : '/v3';
      const answer = await request(`${running.origin}/_matrix/client${version}${path}`, {
        method,
        headers: { 'x-farol-request-id': requestId },
        dispatcher: front,
        ...(json && { body: JSON.stringify(json) }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.json() };
    },
  };
}

/** As a front of any site speaks to a writer. */
const frontAgent = async (): Promise<Agent> => new Agent({ connect: await frontsTls() });

async function frontsTls() {
  const [ca, cert, key] = await Promise.all(
    [authority.ca, certificate.certificate, certificate.key].map((file) => readFile(file)),
  );
  return { ca: ca!, cert: cert!, key: key! };
}
