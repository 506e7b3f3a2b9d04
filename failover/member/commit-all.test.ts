import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { commitAll } from './commit-all.ts';
import { crc32c } from './log-records.ts';
import { faultIn } from './torn-log.ts';

// A log as etcd writes it: each file begins with the checksum so far and the state as it was then.

test('of what is in its log all is taken for confirmed, and the log is whole', async () => {
  const log = logOf([state(4, 7n ** 20n, 5)], [entry(4, 5), entry(4, 6), entry(4, 300)]);
  await commitAll(log.folder);
  const after = log.read();
  expect(faultIn(after)).toBeNull();
  expect(after.subarray(0, log.end)).toEqual(log.before.subarray(0, log.end));
  expect(after.length).toBe(log.before.length);
  expect(after.includes(state(4, 7n ** 20n, 300))).toBe(true);
  const again = log.read();
  await commitAll(log.folder);
  expect(log.read()).toEqual(again);
});

test('what was written last is the end of a log, also where it took the place of something later, or stands in the file before', async () => {
  const replaced = logOf([state(4, 1n, 5)], [entry(4, 9), entry(5, 6)]);
  await commitAll(replaced.folder);
  expect(replaced.read().includes(state(4, 1n, 6))).toBe(true);
  const before = logOf([state(4, 1n, 5)], [entry(4, 8)]);
  const later = logOf([state(5, 1n, 5)], []);
  writeFileSync(join(before.folder, '1-1.wal'), later.before);
  await commitAll(before.folder);
  expect(readFileSync(join(before.folder, '1-1.wal')).includes(state(5, 1n, 8))).toBe(true);
  expect(before.read()).toEqual(before.before);
});

test('where all is confirmed nothing is written, and a log that is not whole is left alone', async () => {
  const log = logOf([], [entry(4, 5), state(4, 1n, 5)]);
  await commitAll(log.folder);
  expect(log.read()).toEqual(log.before);
  const torn = logOf([state(4, 1n, 5)], [entry(4, 6)]);
  writeFileSync(join(torn.folder, '0-0.wal'), torn.before.subarray(0, torn.end - 3));
  await expect(commitAll(torn.folder)).rejects.toThrow('not whole');
  await expect(commitAll(temporaryFolder())).rejects.toThrow();
});

const FILE_BYTES = 4_096;

type Body = Buffer;

function logOf(states: readonly Body[], bodies: readonly Body[]) {
  const folder = temporaryFolder();
  let crc = 0;
  const written = [Buffer.alloc(0), ...states, ...bodies].map((data, index) => {
    const type = index === 0 ? 4 : data[0] === 0x0f ? 2 : 3;
    const content = type === 2 ? data.subarray(1) : data;
    if (type !== 4) crc = crc32c(crc, content);
    return framed(
      Buffer.concat([
        Buffer.from([0x08, type, 0x10]),
        varint(BigInt(crc)),
        Buffer.from([0x1a]),
        varint(BigInt(content.length)),
        content,
      ]),
    );
  });
  const records = Buffer.concat(written);
  const before = Buffer.concat([records, Buffer.alloc(FILE_BYTES - records.length)]);
  const path = join(folder, '0-0.wal');
  writeFileSync(path, before);
  return { folder, before, end: records.length, read: () => readFileSync(path) };
}

/** Marked, for `logOf` to tell it from a state. */
const entry = (term: number, index: number): Body =>
  Buffer.concat([
    Buffer.from([0x0f, 0x08, 0, 0x10]),
    varint(BigInt(term)),
    Buffer.from([0x18]),
    varint(BigInt(index)),
    Buffer.from([0x22, 2, 1, 2]),
  ]);

const state = (term: number, vote: bigint, commit: number): Body =>
  Buffer.concat([
    Buffer.from([0x08]),
    varint(BigInt(term)),
    Buffer.from([0x10]),
    varint(vote),
    Buffer.from([0x18]),
    varint(BigInt(commit)),
  ]);

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}

function framed(record: Buffer): Buffer {
  const filled = (8 - (record.length % 8)) % 8;
  const length = Buffer.alloc(8);
  length.writeUInt32LE(record.length);
  if (filled > 0) length[7] = 0x80 | filled;
  return Buffer.concat([length, record, Buffer.alloc(filled)]);
}
