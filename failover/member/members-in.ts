import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldsOf, lastOf, messageOf, numbersOf } from './fields.ts';
import {
  crc32c,
  ENTRY_RECORD,
  METADATA_RECORD,
  NOTHING,
  recordsIn,
  SNAPSHOT_RECORD,
} from './log-records.ts';

/** Who is in etcd by what a member has, as ids in decimal, which is how its gateway writes them. */
export interface Members {
  readonly self: string;
  readonly voters: readonly string[];
  /** They only listen. */
  readonly learners: readonly string[];
}

/**
 * By the data of a member (`member/snap`, `member/wal`) that does not run, with all that is in its log, confirmed or not. What etcd says while it starts
 * tells no member that it forgets now from one that was removed long ago.
 */
export async function membersIn(folder: string): Promise<Members> {
  const log = await readLog(join(folder, 'wal'));
  const { index, voters, learners } = await beganWith(join(folder, 'snap'), log);
  for (const change of log.changes) if (change.index > index) apply(change, voters, learners);
  const named = (ids: ReadonlySet<bigint>) => [...ids].map(String).sort();
  return { self: String(log.self), voters: named(voters), learners: named(learners) };
}

/** raftpb.ConfChange: 2 type, 3 node. The types: 0 with a vote (also whoever only listened before), 1 removed, 2 its address, 3 only listens. */
interface Change {
  readonly index: bigint;
  readonly type: bigint;
  readonly member: bigint;
}

function apply({ type, member }: Change, voters: Set<bigint>, learners: Set<bigint>): void {
  if (type === 2n) return;
  if (type > 3n) throw new Error('its log has a change of members that this release does not know');
  voters.delete(member);
  learners.delete(member);
  if (type === 0n) voters.add(member);
  if (type === 3n) learners.add(member);
}

interface Log {
  readonly self: bigint;
  readonly firstIndex: bigint;
  readonly changes: readonly Change[];
  /** `TERM-INDEX` of the snapshots that are of this log. */
  readonly snapshots: ReadonlySet<string>;
}

/** Files that are whole; one at a time, since each has 64 MB. */
async function readLog(folder: string): Promise<Log> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wal')).sort();
  const snapshots = new Set<string>();
  let changes: Change[] = [];
  let self: bigint | null = null;
  let [first, last]: [bigint | null, bigint | null] = [null, null];
  for (const name of names) {
    for (const { type, data } of recordsIn(await readFile(join(folder, name))).records) {
      const fields = fieldsOf(type === ENTRY_RECORD || type in NAMED ? data : NOTHING);
      if (type === METADATA_RECORD) self = lastOf(fields, 1) ?? self;
      if (type === SNAPSHOT_RECORD) {
        const upTo = lastOf(fields, 1) ?? 0n;
        snapshots.add(nameOf(lastOf(fields, 2), upTo));
        // What it was sent by others in the place of a part of the log that it never had: all before is in that.
        if (upTo > (last ?? 0n)) [first, last, changes] = [upTo + 1n, upTo, []];
      }
      if (type !== ENTRY_RECORD) continue;
      const index = lastOf(fields, ENTRY.index) ?? 0n;
      if (last !== null && index > last + 1n) throw new Error('a part of its log is missing');
      first ??= index;
      last = index;
      // It takes the place of all that was written at this index and behind it.
      changes = changes.filter((each) => each.index < index);
      const change = changeIn(fields, index);
      if (change !== null) changes.push(change);
    }
  }
  if (self === null || first === null) throw new Error('its log says nothing');
  return { self, firstIndex: first, changes, snapshots };
}

const NAMED = { [METADATA_RECORD]: true, [SNAPSHOT_RECORD]: true };

/** raftpb.Entry: 1 type, 2 term, 3 index, 4 data. Of its types 0 is anything that is kept, 1 a change of members. */
const ENTRY = { type: 1, index: 3, data: 4 };

function changeIn(fields: ReturnType<typeof fieldsOf>, index: bigint): Change | null {
  const type = lastOf(fields, ENTRY.type) ?? 0n;
  if (type === 0n) return null;
  const change = fieldsOf(messageOf(fields, ENTRY.data) ?? NOTHING);
  if (type !== 1n)
    throw new Error('its log has a change of members that this release does not know');
  return { index, type: lastOf(change, 2) ?? 0n, member: lastOf(change, 3) ?? 0n };
}

interface Began {
  readonly index: bigint;
  readonly voters: Set<bigint>;
  readonly learners: Set<bigint>;
}

/** The newest snapshot that is of this log; none where the log has all from its beginning. */
async function beganWith(folder: string, { firstIndex, snapshots }: Log): Promise<Began> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.snap')).sort();
  for (const name of names.toReversed()) {
    const began =
      snapshots.has(name.slice(0, -'.snap'.length)) && (await readSnapshot(folder, name));
    if (began && began.index >= firstIndex - 1n) return began;
  }
  if (firstIndex > 1n) throw new Error('its log does not go back to any of its snapshots');
  return { index: 0n, voters: new Set(), learners: new Set() };
}

/**
 * snappb.Snapshot: 1 checksum, 2 raftpb.Snapshot, of which 2 is its metadata: 1 the members (1 with a vote, 2 who only listen, 3 and 4 while they are changed
 * together, which etcd never does), 2 index. Null where it is damaged, as etcd takes the one before.
 */
async function readSnapshot(folder: string, name: string): Promise<Began | null> {
  const file = fieldsOf(await readFile(join(folder, name)));
  const snapshot = messageOf(file, 2);
  if (snapshot === null || lastOf(file, 1) !== BigInt(crc32c(0, snapshot))) return null;
  const metadata = fieldsOf(messageOf(fieldsOf(snapshot), 2) ?? NOTHING);
  const members = fieldsOf(messageOf(metadata, 1) ?? NOTHING);
  if ([3, 4].some((field) => numbersOf(members, field).length > 0))
    throw new Error('its members are being changed together');
  return {
    index: lastOf(metadata, 2) ?? 0n,
    voters: new Set(numbersOf(members, 1)),
    learners: new Set(numbersOf(members, 2)),
  };
}

/** As etcd names the file of a snapshot. */
const nameOf = (term: bigint | null, index: bigint | null): string =>
  [term, index].map((each) => (each ?? 0n).toString(16).padStart(16, '0')).join('-');
