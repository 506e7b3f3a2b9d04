import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Why the log of etcd in this folder ends where it should not, by its last file, as a clause, and whether that may be what was
 * never confirmed; null where it ends well or there is none. etcd 3.5 cuts off a last record that is not whole and goes on. Where the disk lost what it had said to be written,
 * that forgets what was confirmed, and whoever leads by then may not know better (seen: its panic `tocommit` is of the leader
 * that has heard the confirmation itself).
 */
export async function endOfLog(
  folder: string,
): Promise<{ readonly why: string; readonly isTornEnd: boolean } | null> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.wal'));
  const last = files.sort().at(-1);
  const why = last === undefined ? null : faultIn(await readFile(join(folder, last)));
  return why === null ? null : { why, isTornEnd: why === TORN };
}

const CRC_RECORD = 4;

/** Frames, and then zeros: the file is made in its whole length before it is written. */
export function faultIn(log: Buffer): string | null {
  let at = 0;
  let crc = 0;
  while (at + LENGTH_BYTES <= log.length) {
    const frame = frameAt(log, at);
    if (frame === null) return isEmpty(log.subarray(at)) ? null : LOST;
    if (frame.end > log.length) return TORN;
    const record = recordIn(log.subarray(at + LENGTH_BYTES, frame.recordEnd));
    crc = record?.type === CRC_RECORD ? record.crc : crc32c(crc, record?.data ?? NOTHING);
    if (record === null || crc !== record.crc)
      return isEmpty(log.subarray(frame.end)) ? TORN : DAMAGED;
    at = frame.end;
  }
  return null;
}

const TORN = 'the last record of its log is not whole';
const LOST = 'a part of its log is empty';
const DAMAGED = 'its log is damaged';

const NOTHING = Buffer.alloc(0);
const isEmpty = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

const LENGTH_BYTES = 8;

/** Of the eight bytes of its length the highest says how many bytes follow the record, to fill up eight. */
function frameAt(log: Buffer, at: number): { recordEnd: number; end: number } | null {
  const low = log.readUInt32LE(at);
  const high = log.readUInt32LE(at + 4);
  if (low === 0 && high === 0) return null;
  const length = low + (high & 0xffffff) * 2 ** 32;
  const filled = high >>> 31 === 1 ? (high >>> 24) & 0x7 : 0;
  const recordEnd = at + LENGTH_BYTES + length;
  return { recordEnd, end: recordEnd + filled };
}

interface LogRecord {
  readonly type: number;
  readonly crc: number;
  readonly data: Buffer;
}

/** walpb.Record: 1 type, 2 crc, 3 data. */
function recordIn(bytes: Buffer): LogRecord | null {
  let [at, type, crc] = [0, 0, 0];
  let data: Buffer = Buffer.alloc(0);
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 64; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === 0x08) type = varint();
    else if (tag === 0x10) crc = varint();
    else if (tag === 0x1a) {
      const length = varint();
      data = bytes.subarray(at, at + length);
      if (data.length !== length) return null;
      at += length;
    } else return null;
  }
  return Number.isNaN(type) || Number.isNaN(crc) ? null : { type, crc, data };
}

/** Castagnoli's, as etcd goes on with it from record to record. */
function crc32c(before: number, data: Buffer): number {
  let crc = ~before >>> 0;
  for (const byte of data) crc = (TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)) >>> 0;
  return ~crc >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});
