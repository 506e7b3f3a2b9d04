import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { crc32c } from './log-records.ts';
import { membersIn } from './members-in.ts';

// As etcd writes them; alone.test.ts has what etcd itself wrote.

const [VOTES, REMOVED, MOVED, LISTENS] = [0, 1, 2, 3];

test('who votes is whoever is left of all that were ever members: removed ones are no members, and who listened may vote since', async () => {
  const changes = [change(VOTES, 7), change(VOTES, 8), change(REMOVED, 8), change(LISTENS, 9)];
  const folder = memberWith({ log: changes.map((each, at) => entry(at + 1, each)) });
  expect(await membersIn(folder)).toEqual({ self: '7', voters: ['7'], learners: ['9'] });
  const later = [...changes, change(MOVED, 7), change(VOTES, 9)];
  const now = memberWith({ log: later.map((each, at) => entry(at + 1, each)) });
  expect(await membersIn(now)).toEqual({ self: '7', voters: ['7', '9'], learners: [] });
});

test('what was written over was never so', async () => {
  const log = [
    entry(1, change(VOTES, 7)),
    entry(2, change(VOTES, 8)),
    entry(3, change(REMOVED, 8)),
  ];
  const folder = memberWith({ log: [...log, entry(3), entry(4)] });
  expect((await membersIn(folder)).voters).toEqual(['7', '8']);
});

test('a snapshot has the members of then; one that is damaged, or of no record in the log, is as if it were not there', async () => {
  const log = [
    entry(5),
    entry(6, change(REMOVED, 8)),
    entry(7, change(LISTENS, 9)),
    snapshotAt(2, 4),
    snapshotAt(2, 6),
  ];
  const older = { term: 2, index: 4, voters: [7, 8] };
  const newer = { term: 2, index: 6, voters: [7] };
  const expected = { self: '7', voters: ['7'], learners: ['9'] };
  expect(await membersIn(memberWith({ log, snapshots: [older] }))).toEqual(expected);
  expect(await membersIn(memberWith({ log, snapshots: [older, newer] }))).toEqual(expected);
  const damaged = { ...newer, voters: [7, 8, 9], isDamaged: true };
  expect(await membersIn(memberWith({ log, snapshots: [older, damaged] }))).toEqual(expected);
  const foreign = { term: 9, index: 9, voters: [1, 2, 3] };
  expect(await membersIn(memberWith({ log, snapshots: [older, foreign] }))).toEqual(expected);
});

test('a snapshot that others sent takes the place of all before it, also where nothing follows yet', async () => {
  const before = [entry(1, change(VOTES, 7)), entry(2, change(VOTES, 8))];
  const sent = [{ term: 2, index: 50, voters: [7, 9] }];
  for (const log of [[snapshotAt(2, 50)], [...before, snapshotAt(2, 50)]]) {
    const expected = { self: '7', voters: ['7', '9'], learners: [] as string[] };
    expect(await membersIn(memberWith({ log, snapshots: sent }))).toEqual(expected);
    const goesOn = [...log, entry(51, change(LISTENS, 10))];
    expect(await membersIn(memberWith({ log: goesOn, snapshots: sent }))).toEqual({
      ...expected,
      learners: ['10'],
    });
    await expect(membersIn(memberWith({ log: goesOn }))).rejects.toThrow('does not go back');
  }
});

test('where a part is missing nobody is told who votes', async () => {
  const cases = [
    { log: [] },
    { log: [entry(5), snapshotAt(2, 3)], snapshots: [{ term: 2, index: 3, voters: [7] }] },
    { log: [entry(5)] },
    { log: [entry(1), entry(3)] },
    { log: [entry(1, change(4, 7))] },
  ];
  for (const each of cases) await expect(membersIn(memberWith(each))).rejects.toThrow();
});

interface Snapshot {
  readonly term: number;
  readonly index: number;
  readonly voters: readonly number[];
  readonly isDamaged?: boolean;
}

interface Case {
  readonly log: readonly Buffer[];
  readonly snapshots?: readonly Snapshot[];
}

function memberWith({ log, snapshots = [] }: Case): string {
  const folder = temporaryFolder();
  for (const each of ['wal', 'snap']) mkdirSync(join(folder, each));
  const records = [record(1, message([1, 7], [2, 1])), ...log];
  writeFileSync(join(folder, 'wal/0-0.wal'), Buffer.concat([...records, Buffer.alloc(64)]));
  for (const { term, index, voters, isDamaged = false } of snapshots) {
    const members = message(...voters.map((each) => [1, each] as const));
    const snapshot = message([2, message([1, members], [2, index], [3, term])]);
    const crc = crc32c(0, snapshot) ^ (isDamaged ? 1 : 0);
    const name = [term, index].map((each) => each.toString(16).padStart(16, '0')).join('-');
    writeFileSync(join(folder, `snap/${name}.snap`), message([1, crc >>> 0], [2, snapshot]));
  }
  return folder;
}

/** Of a change of members, or of anything that is kept. */
const entry = (index: number, change?: Buffer): Buffer =>
  record(2, message([1, change ? 1 : 0], [2, 2], [3, index], [4, change ?? Buffer.from('x')]));

const change = (type: number, member: number): Buffer => message([1, 5], [2, type], [3, member]);

const snapshotAt = (term: number, index: number): Buffer =>
  record(5, message([1, index], [2, term]));

function record(type: number, data: Buffer): Buffer {
  const bytes = message([1, type], [2, 0], [3, data]);
  const filled = (8 - (bytes.length % 8)) % 8;
  const length = Buffer.alloc(8);
  length.writeUInt32LE(bytes.length);
  if (filled > 0) length[7] = 0x80 | filled;
  return Buffer.concat([length, bytes, Buffer.alloc(filled)]);
}

function message(...fields: (readonly [field: number, value: number | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) =>
      typeof value === 'number'
        ? [varint(field << 3), varint(value)]
        : [varint((field << 3) | 2), varint(value.length), value],
    ),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}
