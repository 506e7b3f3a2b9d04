import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldsOf, lastOf, varintAt } from './fields.ts';
import { crc32c, ENTRY_RECORD, LENGTH_BYTES, recordsIn, STATE_RECORD } from './log-records.ts';
import { faultIn } from './torn-log.ts';

/**
 * Has a member that will be alone take all of its log for confirmed. etcd that starts as the only member drops what it does not know to be
 * confirmed; but of two members either may have confirmed to somebody what the other has in its log and does not know of yet. Raft would do the same:
 * of two members one that is elected by the other goes on with all of its log, which has all that was ever confirmed, since that took both.
 */
export async function commitAll(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.wal')).sort();
  const path = join(folder, files.at(-1) ?? 'none');
  const log = await readFile(path);
  const fault = faultIn(log);
  if (fault !== null) throw new Error(fault);
  const { records, end, crc } = recordsIn(log);
  // Each file begins with the state as it was then.
  const state = records.findLast(({ type }) => type === STATE_RECORD)?.data;
  const last = await lastIndexIn(folder, files);
  if (state === undefined) throw new Error('its log says nothing');
  // All that it has it was sent by others, who had confirmed it.
  if (last === null) return;
  const [before, committed] = splitAtCommit(state);
  if (committed >= last) return;
  const record = recordOf(STATE_RECORD, Buffer.concat([before, COMMIT, varint(last)]), crc);
  const file = await open(path, 'r+');
  try {
    await file.write(framed(record), 0, undefined, end);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What was written last is the end: what it takes the place of has the same index or a later one. */
async function lastIndexIn(folder: string, files: readonly string[]): Promise<bigint | null> {
  for (const name of files.toReversed()) {
    const { records } = recordsIn(await readFile(join(folder, name)));
    const entry = records.findLast(({ type }) => type === ENTRY_RECORD);
    if (entry !== undefined) return lastOf(fieldsOf(entry.data), INDEX_FIELD);
  }
  return null;
}

/** raftpb.Entry: 1 type, 2 term, 3 index, 4 data. raftpb.HardState: 1 term, 2 vote, 3 commit. */
const INDEX_FIELD = 3;
const COMMIT_FIELD = 3;
const COMMIT = Buffer.from([COMMIT_FIELD << 3]);

function splitAtCommit(state: Buffer): readonly [before: Buffer, committed: bigint] {
  const at = positionOf(state, COMMIT[0]!);
  return [state.subarray(0, at ?? state.length), lastOf(fieldsOf(state), COMMIT_FIELD) ?? 0n];
}

/** Of one with numbers alone before it. */
function positionOf(message: Buffer, field: number): number | null {
  for (let at = 0; at < message.length; at = varintAt(message, at + 1).end)
    if (message[at] === field) return at;
  return null;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let left = value; bytes.length === 0 || left > 0n; left >>= 7n)
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
  return Buffer.from(bytes);
}

const recordOf = (type: number, data: Buffer, before: number): Buffer =>
  Buffer.concat([
    ...[Buffer.from([0x08]), varint(BigInt(type))],
    ...[Buffer.from([0x10]), varint(BigInt(crc32c(before, data)))],
    ...[Buffer.from([0x1a]), varint(BigInt(data.length)), data],
  ]);

/** Filled up to eight bytes, of which the length says how many. */
function framed(record: Buffer): Buffer {
  const filled = (8 - (record.length % 8)) % 8;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(record.length, 0);
  if (filled > 0) length.writeUInt32LE(((0x80 | filled) << 24) >>> 0, 4);
  return Buffer.concat([length, record, Buffer.alloc(filled)]);
}
