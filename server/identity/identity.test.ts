import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import type { Log } from '../log/log.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { KEYS_MAX, parseServerKeys, publishedKeys } from '../protocol/server-keys.ts';
import { signingKeyFromSeed } from '../protocol/signing-keys.ts';
import { TooManyKeys } from './changing-key.ts';
import { openIdentity, openOrMakeIdentity, WrongIdentity } from './identity.ts';
import { ownKeysOf } from './own-keys.ts';
import { sealFor } from './sealed.ts';
import { ownSecretFile, readSecretFile, sharedSecretFile } from './secret-file.ts';

const always = (...secrets: [Buffer, ...Buffer[]]) => ({
  existing: () => secrets,
  forNewIdentity: () => secrets[0],
});
const secret = always(randomBytes(32));

test('the first writer makes the identity, and every later one has the same', async () => {
  await using bench = await workbench();
  const made = await bench.open();
  const found = await bench.open();
  expect(found.signingKey).toEqual(made.signingKey);
  expect(
    found
      .sealFor('x')
      .open(made.sealFor('x').seal(Buffer.from('text')))
      .toString(),
  ).toBe('text');
});

test('a follower makes none', async () => {
  await using bench = await workbench();
  const { database } = bench;
  expect(await openIdentity({ database, serverName: 'example.org', secret })).toBeUndefined();
});

test('the signing key cannot be read from the database', async () => {
  await using bench = await workbench();
  const { signingKey } = await bench.open();
  const [row] = await bench.database.query<{ sealed: Buffer }>(
    't',
    'SELECT sealed FROM server_identity',
  );
  expect(row!.sealed.includes(signingKey.seed)).toBe(false);
  expect(row!.sealed.toString('latin1')).not.toContain(signingKey.seed.toString('base64'));
});

test('another server name on the same data is refused', async () => {
  await using bench = await workbench();
  await bench.open();
  await expect(bench.open({ serverName: 'other.org' })).rejects.toThrow(
    'These data belong to the server "example.org"',
  );
});

test('another secret does not open it, and does not replace it', async () => {
  await using bench = await workbench();
  const made = await bench.open();
  await expect(bench.open({ secret: always(randomBytes(32)) })).rejects.toThrow(WrongIdentity);
  expect((await bench.open()).signingKey).toEqual(made.signingKey);
});

test('another secret takes over: while both are known either opens it, and afterwards the new one alone', async () => {
  await using bench = await workbench();
  const [before, now] = [randomBytes(32), randomBytes(32)];
  const made = await bench.open({ secret: always(before) });
  const both = await bench.open({ secret: always(before, now) });
  expect(both.signingKey).toEqual(made.signingKey);
  // Known to be the one that is to come, it has sealed nothing yet.
  await bench.open({ secret: always(before) });
  const resealed = await bench.open({ secret: always(now, before) });
  expect([resealed.signingKey, resealed.secretFor('x')]).toEqual([
    made.signingKey,
    made.secretFor('x'),
  ]);
  expect((await bench.open({ secret: always(now) })).signingKey).toEqual(made.signingKey);
  await expect(bench.open({ secret: always(before) })).rejects.toThrow(WrongIdentity);
});

test('which secret of a file opens the identity can be asked before one is forgotten', () => {
  const path = join(temporaryFolder(), 'secret');
  const secrets = [randomBytes(32), randomBytes(32)] as const;
  const [now, before] = secrets.map((each) => each.toString('base64'));
  writeFileSync(path, `${now}\nalso: ${before}\n`);
  const openedBy = (secret: Buffer) => {
    const program = join(import.meta.dirname, 'opened-by.ts');
    const input = sealFor('identity', secret).seal(Buffer.from('{}')).toString('hex');
    const { stdout, status } = spawnSync(process.execPath, [program, path], { input });
    return [stdout.toString().trim(), status];
  };
  expect(secrets.map(openedBy)).toEqual([
    ['0', 0],
    ['1', 0],
  ]);
  expect(openedBy(randomBytes(32))).toEqual(['', 1]);
});

test('a secret file may have others that open it too, each behind `also:`', () => {
  const path = join(temporaryFolder(), 'secret');
  const secrets = [randomBytes(48), randomBytes(48), randomBytes(48)];
  const [seals, ...others] = secrets.map((each) => each.toString('base64'));
  // As openssl breaks the lines of a long one.
  const broken = `${seals!.slice(0, 20)}\n${seals!.slice(20)}`;
  writeFileSync(path, `${broken}\n${others.map((each) => `also: ${each}\n`).join('')}`);
  expect(readSecretFile(path)).toEqual(secrets);
  writeFileSync(path, `${seals}\nalso: c2hvcnQ=\n`);
  expect(() => readSecretFile(path)).toThrow('must hold at least 32 bytes');
});

test('a site reads the secret file anew for each takeover', () => {
  const path = join(temporaryFolder(), 'secret');
  const [before, now] = [randomBytes(32), randomBytes(32)].map((each) => each.toString('base64'));
  writeFileSync(path, before!);
  const source = sharedSecretFile(path);
  writeFileSync(path, `${now}\nalso: ${before}`);
  expect(source.existing().map((each) => each.toString('base64'))).toEqual([now, before]);
});

test('what is sealed for one purpose does not open for another', async () => {
  await using bench = await workbench();
  const identity = await bench.open();
  const sealed = identity.sealFor('outcomes').seal(Buffer.from('text'));
  expect(() => identity.sealFor('other').open(sealed)).toThrow();
});

test('the secret file is made once, for its owner only', () => {
  const path = join(temporaryFolder(), 'new', 'secret');
  const made = ownSecretFile(path).forNewIdentity();
  expect(ownSecretFile(path).forNewIdentity()).toEqual(made);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('where the identity was made already, a missing secret file is named and not made anew', async () => {
  await using bench = await workbench();
  const file = join(temporaryFolder(), 'secret');
  const { signingKey } = await bench.open({ secret: ownSecretFile(file) });
  const kept = readFileSync(file);
  rmSync(file);
  await expect(bench.open({ secret: ownSecretFile(file) })).rejects.toThrow(
    `The secret file ${file} is missing: bring it back`,
  );
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, kept);
  expect((await bench.open({ secret: ownSecretFile(file) })).signingKey).toEqual(signingKey);
});

test('a secret file that is too short is refused', () => {
  const path = join(temporaryFolder(), 'secret');
  writeFileSync(path, 'c2hvcnQ=');
  expect(() => readSecretFile(path)).toThrow('must hold at least 32 bytes');
});

test('another signing key takes over for every later writer, and tells what the one of before was and when it ended', async () => {
  await using bench = await workbench();
  const running = await bench.open({ now: () => 1_000 });
  const { signingKey: before } = running;
  await running.changeSigningKey(before.keyId);
  const { signingKey, oldKeys } = running;
  expect(signingKey.keyId).not.toBe(before.keyId);
  const { publicKey } = signingKeyFromSeed(before.keyId, before.seed);
  expect(oldKeys).toEqual([{ keyId: before.keyId, publicKey, expiredTs: 61_000 }]);
  const next = await bench.open();
  expect([next.signingKey, next.oldKeys, next.secretFor('x')]).toEqual([
    ...[signingKey, oldKeys, running.secretFor('x')],
  ]);
  // The order, said again.
  await next.changeSigningKey(before.keyId);
  expect(next.signingKey).toEqual(signingKey);
  await next.changeSigningKey(signingKey.keyId);
  expect(next.oldKeys.map(({ keyId }) => keyId)).toEqual([signingKey.keyId, before.keyId]);
});

test('a key signs nothing before it is committed, and one that took long to be has the one before it end later', async () => {
  await using bench = await workbench();
  const clock = { ms: 1_000 };
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>();
  const { log } = bench;
  const slow: Pick<Log, 'commit'> = {
    commit: async (build) => {
      await mayCommit;
      return log.commit(build);
    },
  };
  const { signingKey } = await bench.open();
  const running = await bench.open({ log: slow, now: () => clock.ms });
  const change = [
    running.changeSigningKey(signingKey.keyId),
    running.changeSigningKey(signingKey.keyId),
  ];
  clock.ms = 50_000;
  expect(running.signingKey).toEqual(signingKey);
  commit();
  await Promise.all(change);
  expect(running.oldKeys).toMatchObject([{ keyId: signingKey.keyId, expiredTs: 110_000 }]);
  expect((await bench.open()).oldKeys).toEqual(running.oldKeys);
});

test('a change that the database refuses changes nothing', async () => {
  await using bench = await workbench();
  await bench.open();
  const commit = () => Promise.reject(new Error('refused'));
  const running = await bench.open({ log: { commit } });
  const { signingKey } = running;
  await expect(running.changeSigningKey(signingKey.keyId)).rejects.toThrow('refused');
  expect([running.signingKey, running.oldKeys]).toEqual([signingKey, []]);
});

test('a server has no more keys than others take of it', async () => {
  await using bench = await workbench();
  const running = await bench.open();
  for (let count = 1; count < KEYS_MAX; count += 1)
    await running.changeSigningKey(running.signingKey.keyId);
  const { signingKey } = running;
  await expect(running.changeSigningKey(signingKey.keyId)).rejects.toThrow(TooManyKeys);
  expect(running.signingKey).toEqual(signingKey);
  const name = 'example.org' as ServerName;
  const said = publishedKeys(name, ownKeysOf(running), 2_000_000_000_000);
  const taken = parseServerKeys(said, name);
  expect(typeof taken !== 'string' && taken.keys.size).toBe(KEYS_MAX);
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'farol-identity-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function workbench() {
  const fresh = await freshDatabase();
  const log = await startWriter(fresh.url);
  const { database } = fresh;
  return {
    database,
    log,
    open: (over: Partial<Parameters<typeof openOrMakeIdentity>[0]> = {}) =>
      openOrMakeIdentity({ database, log, serverName: 'example.org', secret, ...over }),
    async [Symbol.asyncDispose]() {
      await log.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
