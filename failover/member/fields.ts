/** A field of a message of Protocol Buffers: a number, or the bytes of a text or of a message. */
export interface Field {
  readonly field: number;
  readonly value: bigint | Buffer;
}

/** All of them, in their order; throws where it is no message. */
export function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at);
    const { value, end } = valueAt(message, tag.end, Number(tag.value & 7n));
    fields.push({ field: Number(tag.value >> 3n), value });
    at = end;
  }
  return fields;
}

/** The last one counts, as everywhere; null where there is none. */
export function lastOf(fields: readonly Field[], wanted: number): bigint | null {
  return numbersOf(fields, wanted).at(-1) ?? null;
}

/** Of a field that is there several times, one by one or all in one. */
export function numbersOf(fields: readonly Field[], wanted: number): bigint[] {
  return fields
    .filter(({ field }) => field === wanted)
    .flatMap(({ value }) => (typeof value === 'bigint' ? [value] : packed(value)));
}

export function messageOf(fields: readonly Field[], wanted: number): Buffer | null {
  const found = fields.findLast(({ field }) => field === wanted)?.value;
  return Buffer.isBuffer(found) ? found : null;
}

/** Of seven bits each, the lowest first; the highest bit says that more follow. */
export function varintAt(bytes: Buffer, from: number): { value: bigint; end: number } {
  let value = 0n;
  for (let at = from; at < bytes.length && at < from + VARINT_BYTES_MAX; at++) {
    value |= BigInt(bytes[at]! & 0x7f) << BigInt(7 * (at - from));
    if (bytes[at]! < 0x80) return { value, end: at + 1 };
  }
  throw new Error('a number in it does not end');
}

const VARINT_BYTES_MAX = 10;

function packed(bytes: Buffer): bigint[] {
  const numbers: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = varintAt(bytes, at);
    numbers.push(value);
    at = end;
  }
  return numbers;
}

function valueAt(bytes: Buffer, at: number, kind: number): { value: bigint | Buffer; end: number } {
  if (kind === 0) return varintAt(bytes, at);
  if (kind === 1 || kind === 5) return part(bytes, at, kind === 1 ? 8 : 4);
  if (kind !== 2) throw new Error('a field in it is of a kind that nobody knows');
  const { value: length, end } = varintAt(bytes, at);
  return part(bytes, end, Number(length));
}

function part(bytes: Buffer, from: number, length: number): { value: Buffer; end: number } {
  const end = from + length;
  if (end > bytes.length) throw new Error('a field in it is not whole');
  return { value: bytes.subarray(from, end), end };
}
