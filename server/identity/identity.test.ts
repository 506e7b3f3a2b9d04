import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import { openIdentity, openOrMakeIdentity, type SecretSource, WrongIdentity } from './identity.ts';
import { ownSecretFile, readSecretFile } from './secret-file.ts';

const always = (bytes: Buffer) => ({ existing: () => bytes, forNewIdentity: () => bytes });
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
    open: (over: { serverName?: string; secret?: SecretSource } = {}) =>
      openOrMakeIdentity({ database, log, serverName: 'example.org', secret, ...over }),
    async [Symbol.asyncDispose]() {
      await log.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
