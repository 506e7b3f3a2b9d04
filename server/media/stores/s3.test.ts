import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { S3_IS_HERE, startS3 } from '../../../test/support/s3.ts';
import { NoSuchObject, StoreAway } from './object-store.ts';
import { type S3Settings, S3Store } from './s3.ts';

/** Against rclone's server, which takes only what is rightly signed. */
const stored = test.skipIf(!S3_IS_HERE);

const CONTENT = randomBytes(3_000_000);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const object = (bytes: Buffer) => ({
  ...{ bytes: bytes.length, sha256: sha256(bytes) },
  chunks: inParts(bytes),
});

async function* inParts(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

function storeAt(settings: S3Settings): S3Store {
  const store = new S3Store(settings);
  onTestFinished(() => store.close());
  return store;
}

stored('what was put is read in parts, put again, and taken away, twice', async () => {
  await using s3 = await startS3(temporaryFolder());
  const store = storeAt(s3.settings);
  for (let time = 0; time < 2; time += 1) await store.put('1-ab', object(CONTENT));
  expect(s3.bytesOf('1-ab')).toEqual(CONTENT);
  expect(await store.bytes('1-ab', 0, CONTENT.length)).toEqual(CONTENT);
  expect(await store.bytes('1-ab', 5, 17)).toEqual(CONTENT.subarray(5, 17));
  expect(await store.bytes('1-ab', CONTENT.length - 1, CONTENT.length)).toEqual(
    CONTENT.subarray(-1),
  );
  for (let time = 0; time < 2; time += 1) await store.remove('1-ab');
  expect(s3.names()).toEqual([]);
  await expect(store.bytes('1-ab', 0, 1)).rejects.toThrow(NoSuchObject);
});

stored('an object may be empty', async () => {
  await using s3 = await startS3(temporaryFolder());
  const store = storeAt(s3.settings);
  await store.put('0', object(Buffer.alloc(0)));
  expect(s3.names()).toEqual(['0']);
  expect(await store.bytes('0', 0, 0)).toEqual(Buffer.alloc(0));
});

stored('a store that is known by an authority of its own is spoken to by TLS', async () => {
  const folder = temporaryFolder();
  const authority = await certificateAuthority(folder);
  const own = await authority.issue('store', { ip: ['127.0.0.1'] });
  await using s3 = await startS3(folder, { tls: { ...own, ca: authority.ca } });
  await storeAt(s3.settings).put('1', object(Buffer.from('hello')));
  expect(s3.bytesOf('1').toString()).toBe('hello');
  const stranger = storeAt({ ...s3.settings, ca: undefined });
  await expect(stranger.bytes('1', 0, 5)).rejects.toThrow(/cannot be used .*certificate/);
});

stored('what is wrong is said in words, without the keys', async () => {
  await using s3 = await startS3(temporaryFolder());
  const wrongKey = storeAt({ ...s3.settings, secretKey: 'not+that+one' });
  await expect(wrongKey.bytes('1', 0, 1)).rejects.toThrow(/files cannot be used \(it answers 403/);
  const nowhere = storeAt({ ...s3.settings, bucket: 'other' });
  await expect(nowhere.bytes('1', 0, 1)).rejects.toThrow(
    /other of files cannot be used .*NoSuchBucket/,
  );
  await s3.kill();
  const mistake = await storeAt(s3.settings)
    .bytes('1', 0, 1)
    .catch((error: Error) => error);
  expect(mistake).toBeInstanceOf(StoreAway);
  expect((mistake as Error).message).toMatch(/ECONNREFUSED/);
  expect((mistake as Error).message).not.toContain(s3.settings.secretKey);
});

stored('what cannot be read for putting is no fault of the store', async () => {
  await using s3 = await startS3(temporaryFolder());
  const store = storeAt(s3.settings);
  const ownFault = new Error('the database is away');
  async function* broken() {
    yield CONTENT.subarray(0, 1_000_000);
    throw ownFault;
  }
  const put = store.put('1', { ...object(CONTENT), chunks: broken() });
  await expect(put).rejects.toBe(ownFault);
  expect(s3.names(), 'nothing is there in part').toEqual([]);
});

stored('an object that is shorter than it was is not taken for whole', async () => {
  await using s3 = await startS3(temporaryFolder());
  const store = storeAt(s3.settings);
  await store.put('1', object(CONTENT));
  writeFileSync(s3.fileOf('1'), CONTENT.subarray(0, 10));
  await expect(store.bytes('1', 0, 100)).rejects.toThrow(StoreAway);
});

test('what a store cannot do just now is asked again, and what it refuses is not', async () => {
  const answers: number[] = [];
  const server = createServer((_, response) => {
    const status = answers.shift() ?? 206;
    response.writeHead(status, { 'content-length': 5 }).end('hello');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  const store = storeAt({
    ...{ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: 'r' },
    ...{ bucket: 'files', prefix: '', pathStyle: true, ca: undefined },
    ...{ accessKeyId: 'a', secretKey: 's' },
  });
  answers.push(503, 500);
  expect((await store.bytes('1', 0, 5)).toString()).toBe('hello');
  answers.push(503, 503, 503, 206);
  await expect(store.bytes('1', 0, 5)).rejects.toThrow('it answers 503');
  answers.splice(0, 4, 403, 206);
  await expect(store.bytes('1', 0, 5)).rejects.toThrow('it answers 403');
  expect(answers).toEqual([206]);
});
