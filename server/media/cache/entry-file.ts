import { createHash } from 'node:crypto';

/** By what an entry is found: of what it was made, so that all of that go at once, and how. */
export interface Key {
  readonly of: string;
  readonly how: string;
}

/** What was made of something else, and can be made anew. */
export interface Entry {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export const CHECKSUM_BYTES = 32;

/** With a checksum: nothing is flushed before it is renamed, so a power cut may leave half of it, or none. */
export function packed(key: Key, { contentType, bytes }: Entry): Buffer {
  const type = Buffer.from(contentType);
  const head = Buffer.concat([Buffer.from([type.length]), type]);
  return Buffer.concat([checksumOf(key, [head, bytes]), head, bytes]);
}

export function unpacked(key: Key, file: Buffer): Entry | undefined {
  const rest = file.subarray(CHECKSUM_BYTES);
  if (!checksumOf(key, [rest]).equals(file.subarray(0, CHECKSUM_BYTES))) return undefined;
  const typeEnd = 1 + rest[0]!;
  return { contentType: rest.toString('utf8', 1, typeEnd), bytes: rest.subarray(typeEnd) };
}

/** Of the key, too: an entry that lies under another one's name is none. */
function checksumOf({ of, how }: Key, parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([of, how]));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
