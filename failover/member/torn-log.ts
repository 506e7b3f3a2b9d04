import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CRC_RECORD, crc32c, frameAt, LENGTH_BYTES, NOTHING, recordIn } from './log-records.ts';

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

const isEmpty = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
