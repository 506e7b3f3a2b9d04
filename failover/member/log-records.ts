/** How etcd's log is laid out (wal/wal.go, walpb/record.proto): records in frames, each with a checksum that goes on from the one before. */
export const METADATA_RECORD = 1;
export const ENTRY_RECORD = 2;
export const STATE_RECORD = 3;
export const CRC_RECORD = 4;
export const SNAPSHOT_RECORD = 5;

export const NOTHING = Buffer.alloc(0);

export const LENGTH_BYTES = 8;

/** Of the eight bytes of its length the highest says how many bytes follow the record, to fill up eight. */
export function frameAt(log: Buffer, at: number): { recordEnd: number; end: number } | null {
  const low = log.readUInt32LE(at);
  const high = log.readUInt32LE(at + 4);
  if (low === 0 && high === 0) return null;
  const length = low + (high & 0xffffff) * 2 ** 32;
  const filled = high >>> 31 === 1 ? (high >>> 24) & 0x7 : 0;
  const recordEnd = at + LENGTH_BYTES + length;
  return { recordEnd, end: recordEnd + filled };
}

export interface LogRecord {
  readonly type: number;
  readonly crc: number;
  readonly data: Buffer;
}

/** walpb.Record: 1 type, 2 crc, 3 data. */
export function recordIn(bytes: Buffer): LogRecord | null {
  let [at, type, crc] = [0, 0, 0];
  let data: Buffer = NOTHING;
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

/** The records of one file, where they end, and the checksum so far; throws where it is damaged. */
export function recordsIn(log: Buffer): { records: LogRecord[]; end: number; crc: number } {
  const records: LogRecord[] = [];
  let [at, crc] = [0, 0];
  for (let frame = frameIn(log, at); frame !== null; frame = frameIn(log, at)) {
    const record = recordIn(log.subarray(at + LENGTH_BYTES, frame.recordEnd));
    if (record === null) throw new Error('its log is damaged');
    crc = record.type === CRC_RECORD ? record.crc : crc32c(crc, record.data);
    records.push(record);
    at = frame.end;
  }
  return { records, end: at, crc };
}

const frameIn = (log: Buffer, at: number) =>
  at + LENGTH_BYTES <= log.length ? frameAt(log, at) : null;

/** Castagnoli's, as etcd goes on with it from record to record. */
export function crc32c(before: number, data: Buffer): number {
  let crc = ~before >>> 0;
  for (const byte of data) crc = (TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)) >>> 0;
  return ~crc >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});
