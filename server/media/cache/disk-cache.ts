import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface DiskCacheOptions {
  readonly folder: string;
  /** Of all entries together, in whole blocks of the disk. 0: nothing is kept. */
  readonly bytesMax: number;
  /** Of the disk, below which nothing more is kept. */
  readonly freeShareMin?: number;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** What was made of something else, and can be made anew. */
export interface Entry {
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** For the names in memory: some 10 MB. */
const ENTRIES_MAX = 50_000;
/** One is read and checked whole, in memory. */
const ENTRY_BYTES_MAX = 16 * 1024 * 1024;
const READ_BYTES = 64 * 1024;
const BLOCK_BYTES = 4_096;
/** Of the disk: PostgreSQL may be on it, too, and needs room before anybody's thumbnails do. */
const FREE_SHARE_MIN = 0.1;
/** A disk that takes nothing is not tried again at once, and not told of each time. */
const REST_MS = 60_000;
const OWN = /^[0-9a-f]{32}(\.new-[\w-]+)?$/;

/**
 * Derived things in a folder of this machine: bounded, there again after a restart, and never needed. Where the disk is
 * full, broken or may not be written, everything is made anew each time.
 */
export class DiskCache {
  readonly #options: DiskCacheOptions;
  /** Bytes by name, the one used last at the end. */
  #entries = new Map<string, number>();
  #bytes = 0;
  #scanned: Promise<void> | undefined;
  #restsUntilMs = 0;

  constructor(options: DiskCacheOptions) {
    this.#options = options;
  }

  /** What was put under this very key, whole; else nothing. */
  async get(key: string): Promise<Entry | undefined> {
    const name = nameOf(key);
    const file = await readFile(this.#at(name)).catch(() => undefined);
    if (!file) return undefined;
    const entry = unpacked(key, file);
    if (!entry) await this.#remove(name);
    else if (this.#entries.has(name)) this.#note(name, blocksOf(file.length));
    return entry;
  }

  /** Of what `get` has found whole. Throws where it has gone since. */
  async *read(key: string, from: number, end: number): AsyncGenerator<Buffer> {
    await using file = await open(this.#at(nameOf(key)));
    const { buffer: head } = await file.read(Buffer.alloc(1), 0, 1, CHECKSUM_BYTES);
    const begin = CHECKSUM_BYTES + 1 + head[0]!;
    for (let at = from; at < end; ) {
      const wanted = Math.min(READ_BYTES, end - at);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, begin + at);
      if (bytesRead === 0) throw new Error('An entry of the cache has become shorter');
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  async has(key: string): Promise<boolean> {
    return stat(this.#at(nameOf(key))).then(
      () => true,
      () => false,
    );
  }

  /** Never throws: what cannot be taken away is told of. */
  forget(key: string): Promise<void> {
    return this.#remove(nameOf(key));
  }

  /** Never throws: an entry that cannot be kept is not. */
  async put(key: string, entry: Entry): Promise<void> {
    const { bytesMax, now, onError } = this.#options;
    if (entry.bytes.length > Math.min(ENTRY_BYTES_MAX, bytesMax / 4)) return;
    if (now() < this.#restsUntilMs) return;
    try {
      this.#scanned ??= this.#scan();
      await this.#scanned;
      if (!(await this.#hasRoom())) return;
      await this.#write(nameOf(key), packed(key, entry));
    } catch (error) {
      this.#scanned = undefined;
      this.#restsUntilMs = now() + REST_MS;
      const { folder } = this.#options;
      onError(new Error(`Nothing can be kept in ${folder} (media.cacheFolder)`, { cause: error }));
    }
  }

  async #write(name: string, file: Buffer): Promise<void> {
    const unfinished = this.#at(`${name}.new-${randomUUID()}`);
    try {
      await using handle = await open(unfinished, 'wx', 0o600);
      await handle.writeFile(file);
      await rename(unfinished, this.#at(name));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
    this.#note(name, blocksOf(file.length));
    await this.#evictTo(this.#options.bytesMax);
  }

  /** Where others need the disk, this gives room back instead. */
  async #hasRoom(): Promise<boolean> {
    const { folder, freeShareMin = FREE_SHARE_MIN } = this.#options;
    const { bavail, blocks } = await statfs(folder);
    if (bavail >= blocks * freeShareMin) return true;
    await this.#evictTo(this.#bytes / 2);
    return false;
  }

  async #evictTo(bytes: number): Promise<void> {
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= bytes && this.#entries.size <= ENTRIES_MAX) return;
      await this.#remove(oldest);
    }
  }

  async #remove(name: string): Promise<void> {
    this.#bytes -= this.#entries.get(name) ?? 0;
    this.#entries.delete(name);
    await rm(this.#at(name), { force: true }).catch(this.#options.onError);
  }

  #note(name: string, bytes: number): void {
    this.#bytes += bytes - (this.#entries.get(name) ?? 0);
    this.#entries.delete(name);
    this.#entries.set(name, bytes);
  }

  /** What was kept before this start, oldest first; what was being written then is taken away. */
  async #scan(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found: { name: string; bytes: number; writtenMs: number }[] = [];
    for (const name of await readdir(folder)) {
      if (!OWN.test(name)) continue;
      if (name.includes('.')) await rm(this.#at(name), { force: true });
      else {
        const known = await stat(this.#at(name)).catch(() => undefined);
        if (known) found.push({ name, bytes: blocksOf(known.size), writtenMs: known.mtimeMs });
      }
    }
    found.sort((a, b) => a.writtenMs - b.writtenMs);
    for (const { name, bytes } of found) this.#note(name, bytes);
    await this.#evictTo(this.#options.bytesMax);
  }

  #at(name: string): string {
    return join(this.#options.folder, name);
  }
}

const nameOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 32);

const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

const CHECKSUM_BYTES = 32;

/** With a checksum: nothing is flushed before it is renamed, so a power cut may leave half of it, or none. */
function packed(key: string, { contentType, bytes }: Entry): Buffer {
  const type = Buffer.from(contentType);
  const head = Buffer.concat([Buffer.from([type.length]), type]);
  return Buffer.concat([checksumOf(key, [head, bytes]), head, bytes]);
}

function unpacked(key: string, file: Buffer): Entry | undefined {
  const rest = file.subarray(CHECKSUM_BYTES);
  if (!checksumOf(key, [rest]).equals(file.subarray(0, CHECKSUM_BYTES))) return undefined;
  const typeEnd = 1 + rest[0]!;
  return { contentType: rest.toString('utf8', 1, typeEnd), bytes: rest.subarray(typeEnd) };
}

/** Of the key, too: an entry that lies under another one's name is none. */
function checksumOf(key: string, parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256').update(`${Buffer.byteLength(key)} ${key}`);
  for (const part of parts) hash.update(part);
  return hash.digest();
}
