import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readConfig } from '../server/config/read-config.ts';
import { buildHomeserver } from '../server/homeserver.ts';
import { bootTimeMs } from '../server/log/deadline.ts';
import { startSite } from '../server/role/site.ts';
import { raiseSite } from './support/front-site.ts';
import { certificates } from './support/front-writer.ts';
import { freshDatabase } from './support/postgres.ts';

/** A real front before two real servers of a cluster, on one PostgreSQL; the test is their agent. */

const MIB = 1024 * 1024;

test('an upload whose writer dies in the middle of it is there once, whole, at the next', async () => {
  await using fresh = await freshDatabase();
  const secret = await secretFile();
  const [a, b] = [await site('a', fresh.url, secret), await site('b', fresh.url, secret)];
  await a.becomesWriter('1');
  await using front = await raiseSite();
  front.agentSays({ site: 'a', epoch: 1, url: a.origin });
  const by = await aliceOf(front);
  await using gate = await holdPiecesFrom(fresh.url, MIB);

  const bytes = randomBytes(3 * MIB);
  const uploading = front.ask('POST', '/_matrix/media/v3/upload?filename=a.bin', by, bytes);
  await gate.untilOneWaits();
  expect(front.front.count.diskBytes(), 'the front keeps it until it is answered').toBe(
    bytes.length,
  );
  await b.becomesWriter('2');
  await gate.open();
  front.agentSays({ site: 'b', epoch: 2, url: b.origin });

  const { status, json } = await uploading;
  expect(status).toBe(200);
  const mediaId = /^mxc:\/\/example\.org\/([\w-]+)$/.exec((json as Uploaded).content_uri)![1]!;
  expect(await download(front, mediaId, by)).toEqual({ status: 200, hash: hashOf(bytes) });
  const ids = await fresh.database.query('ids', 'SELECT media_id FROM media');
  expect(ids, 'no other id exists').toEqual([{ media_id: mediaId }]);
  await vi.waitFor(async () =>
    expect(await stored(fresh)).toEqual({ uploads: 0, bytes: bytes.length }),
  );
  expect(front.front.count.replayed).toBeGreaterThan(0);
});

test('a download of any length comes through the front, in parts and by HEAD too', async () => {
  await using fresh = await freshDatabase();
  const a = await site('a', fresh.url, await secretFile());
  await a.becomesWriter('1');
  await using front = await raiseSite();
  front.agentSays({ site: 'a', epoch: 1, url: a.origin });
  const by = await aliceOf(front);
  for (const length of [100, 6 * MIB]) {
    const bytes = randomBytes(length);
    const { json } = await front.ask('POST', '/_matrix/media/v3/upload', by, bytes);
    const mediaId = (json as Uploaded).content_uri.split('/').at(-1)!;
    expect(await download(front, mediaId, by)).toEqual({ status: 200, hash: hashOf(bytes) });
    const part = await download(front, mediaId, { ...by, range: 'bytes=50-' });
    expect(part).toEqual({ status: 206, hash: hashOf(bytes.subarray(50)) });
    const told = await head(front, mediaId, by);
    expect(told).toEqual({ status: 200, length: String(length) });
  }
  await vi.waitFor(() => expect(front.front.count.heldBytes()).toBe(0));
});

interface Uploaded {
  readonly content_uri: string;
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

type Front = Awaited<ReturnType<typeof raiseSite>>;

async function aliceOf(front: Front): Promise<Record<string, string>> {
  const body = JSON.stringify({
    ...{ username: 'alice', password: 'correct horse battery staple' },
    auth: { type: 'm.login.dummy' },
  });
  const { json } = await front.ask(
    'POST',
    '/_matrix/client/v3/register',
    { authorization: '' },
    body,
  );
  return { authorization: `Bearer ${(json as { access_token: string }).access_token}` };
}

async function asked(
  front: Front,
  method: 'GET' | 'HEAD',
  mediaId: string,
  headers: Record<string, string>,
) {
  const tls = { ca: front.ca, checkServerIdentity: () => undefined };
  const dispatcher = new Agent({ connect: tls });
  onTestFinished(() => dispatcher.destroy());
  const path = `/_matrix/client/v1/media/download/example.org/${mediaId}`;
  return request(`https://127.0.0.1:${front.port}${path}`, { dispatcher, method, headers });
}

async function download(front: Front, mediaId: string, headers: Record<string, string>) {
  const { statusCode, body } = await asked(front, 'GET', mediaId, headers);
  return { status: statusCode, hash: hashOf(Buffer.from(await body.arrayBuffer())) };
}

async function head(front: Front, mediaId: string, by: Record<string, string>) {
  const { statusCode, headers, body } = await asked(front, 'HEAD', mediaId, by);
  await body.dump();
  return { status: statusCode, length: headers['content-length'] };
}

async function stored({ database }: Awaited<ReturnType<typeof freshDatabase>>) {
  const [row] = await database.query<{ uploads: number; bytes: number }>(
    'stored',
    `SELECT (SELECT count(*) FROM media_upload) AS uploads,
       (SELECT sum(length(bytes))::int8 FROM media_piece) AS bytes`,
  );
  return row!;
}

/** Pieces behind so many bytes wait until the test lets them through. */
async function holdPiecesFrom(url: string, bytes: number) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
    CREATE TRIGGER gate BEFORE INSERT ON media_piece FOR EACH ROW
      WHEN (NEW.begins_at > ${bytes}) EXECUTE FUNCTION wait_at_gate();
    SELECT pg_advisory_lock(1)`);
  return {
    async untilOneWaits() {
      await vi.waitFor(async () => {
        const { rowCount } = await client.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
        );
        expect(rowCount).toBe(1);
      });
    },
    open: () => client.query('SELECT pg_advisory_unlock(1)'),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function secretFile(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-media-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'secret'), randomBytes(32).toString('base64'));
  return join(folder, 'secret');
}

async function site(name: string, databaseUrl: string, secretFile: string) {
  const tls = await certificates();
  const runtimeDir = mkdtempSync(join(tmpdir(), `farol-media-${name}-`));
  const file = join(runtimeDir, 'server.yml');
  const cluster = { site: name, listen: '127.0.0.1:0', runtimeDir, databaseUrl, secretFile };
  const rest = { serverName: 'example.org', registration: 'open', passwordCost: 'for-tests' };
  writeFileSync(file, JSON.stringify({ ...rest, cluster: { ...cluster, ...tls } }));
  const config = readConfig({ options: ['--config', file], environment: {} });
  const running = await startSite({
    config,
    cluster: config.cluster!,
    logger: pino({ level: 'silent' }),
    build: buildHomeserver,
    onEnd: () => undefined,
  });
  const agent = new Agent({ connect: { socketPath: join(runtimeDir, 'server.sock') } });
  onTestFinished(async () => {
    await agent.destroy();
    await running.stop();
    rmSync(runtimeDir, { recursive: true, force: true });
  });
  const role = async () => {
    const { body } = await request('http://server/v1/health', { dispatcher: agent });
    return ((await body.json()) as { role: string }).role;
  };
  return {
    origin: running.origin,
    async becomesWriter(leaderRevision: string) {
      const writer = { role: 'writer', leaderRevision, deadlineMs: bootTimeMs() + 600_000 };
      const told = { method: 'PUT', body: JSON.stringify(writer), dispatcher: agent } as const;
      await (await request('http://server/v1/role', told)).body.dump();
      await expect.poll(role).toBe('writer');
    },
  };
}
