import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Lru } from '../../log/lru.ts';
import { CHECKSUM_BYTES, type Entry, type Key, packed, unpacked } from './entry-file.ts';

export interface DiskCacheOptions {
  readonly folder: string;
  /** Of all entries together, in whole blocks of the disk. 0: nothing is kept. */
  readonly bytesMax: number;
  readonly entriesMax?: number;
  /** Of the disk, below which nothing more is kept. */
  readonly freeShareMin?: number;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** For the names in memory: some 10 MB. */
const ENTRIES_MAX = 50_000;
/** One is read and checked whole, in memory. */
const ENTRY_BYTES_MAX = 16 * 1024 * 1024;
const READ_BYTES = 64 * 1024;
const BLOCK_BYTES = 4_096;
/** Who has more than this part of all, of bytes or of entries, loses their own first. */
const SHARE_OF_ONE = 1 / 8;
/** What an entry has around it, and small ones that say something of it, each a block or its part of the places. */
const BESIDE = 8;
/** Of those that were read and found whole, as long as their files are what they were. */
const WHOLE_MAX = 10_000;
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
  /** By name, the one used last at the end. */
  readonly #entries = new Map<string, Kept>();
  readonly #weightOf = new Map<string, number>();
  readonly #whole = new Lru<string, Described & { readonly stamp: string }>(WHOLE_MAX);
  #weight = 0;
  #scanned: Promise<void> | undefined;
  #restsUntilMs = 0;

  constructor(options: DiskCacheOptions) {
    this.#options = options;
  }

  /** What was put under this very key, whole; else nothing. */
  async get(key: Key): Promise<Entry | undefined> {
    const name = nameOf(key);
    const file = await readFile(this.#at(name)).catch(() => undefined);
    if (!file) return undefined;
    const entry = unpacked(key, file);
    if (!entry) await this.#remove(name);
    else this.#use(name);
    return entry;
  }

  /** As `get`, without its bytes: these are read and checked once, unless the file has become another. */
  async describe(key: Key): Promise<Described | undefined> {
    const name = nameOf(key);
    const stamp = await this.#stampOf(name);
    const known = this.#whole.get(name);
    if (known && known.stamp === stamp) {
      this.#use(name);
      return known;
    }
    const entry = await this.get(key);
    if (!entry || stamp === undefined) return undefined;
    const described = { contentType: entry.contentType, length: entry.bytes.length, stamp };
    this.#whole.set(name, described);
    return described;
  }

  /** Of what `get` has found whole. Throws where it has gone since. */
  async *read(key: Key, from: number, end: number): AsyncGenerator<Buffer> {
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

  async has(key: Key): Promise<boolean> {
    return stat(this.#at(nameOf(key))).then(
      () => true,
      () => false,
    );
  }

  /** All that was made of these. Never throws: what cannot be taken away is told of. */
  async forget(of: readonly string[]): Promise<void> {
    if (of.length === 0) return;
    const gone = new Set(of.map(groupOf));
    const names = await readdir(this.#options.folder).catch(() => []);
    for (const name of names)
      if (OWN.test(name) && gone.has(name.slice(0, GROUP_LENGTH))) await this.#remove(name);
  }

  /** Never throws: an entry that cannot be kept is not. `who` has it made. */
  async put(key: Key, entry: Entry, who: string): Promise<void> {
    const { bytesMax } = this.#options;
    if (entry.bytes.length > Math.min(ENTRY_BYTES_MAX, bytesMax / 4)) return;
    await this.#unlessResting(async () => {
      if (await this.#hasRoom()) await this.#write(nameOf(key), packed(key, entry), who);
    });
  }

  /** How large an entry may be that stays, with a few small ones beside it, when others come; 0 where nothing can be kept now. */
  async staysUpTo(): Promise<number> {
    const room = Math.floor(this.#options.bytesMax * SHARE_OF_ONE) - BESIDE * this.#weigh(1);
    if (room <= 0 || !(await this.#unlessResting(() => this.#hasRoom()))) return 0;
    return Math.min(ENTRY_BYTES_MAX, room);
  }

  /** A disk that takes nothing is left alone for a while. */
  async #unlessResting<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { now, onError } = this.#options;
    if (now() < this.#restsUntilMs) return undefined;
    try {
      this.#scanned ??= this.#scan();
      await this.#scanned;
      return await work();
    } catch (error) {
      this.#scanned = undefined;
      this.#restsUntilMs = now() + REST_MS;
      const { folder } = this.#options;
      onError(new Error(`Nothing can be kept in ${folder} (media.cacheFolder)`, { cause: error }));
      return undefined;
    }
  }

  async #write(name: string, file: Buffer, who: string): Promise<void> {
    const unfinished = this.#at(`${name}.new-${randomUUID()}`);
    try {
      await using handle = await open(unfinished, 'wx', 0o600);
      await handle.writeFile(file);
      await rename(unfinished, this.#at(name));
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
    this.#note(name, { weight: this.#weigh(file.length), who });
    await this.#evictOwnOf(who, name);
    await this.#evictTo(this.#options.bytesMax);
  }

  /** Whoever has many made keeps room for what others have made. What has just come stays. */
  async #evictOwnOf(who: string, come: string): Promise<void> {
    const { bytesMax } = this.#options;
    for (const [name, kept] of this.#entries) {
      const isTooMuch = (this.#weightOf.get(who) ?? 0) > bytesMax * SHARE_OF_ONE;
      if (this.#weight <= bytesMax || !isTooMuch) return;
      if (kept.who === who && name !== come) await this.#remove(name);
    }
  }

  /** Where others need the disk, this gives room back instead. */
  async #hasRoom(): Promise<boolean> {
    const { folder, freeShareMin = FREE_SHARE_MIN } = this.#options;
    const { bavail, blocks } = await statfs(folder);
    if (bavail >= blocks * freeShareMin) return true;
    await this.#evictTo(this.#weight / 2);
    return false;
  }

  async #evictTo(weight: number): Promise<void> {
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= weight) return;
      await this.#remove(oldest);
    }
  }

  async #remove(name: string): Promise<void> {
    this.#drop(name);
    this.#whole.delete(name);
    await rm(this.#at(name), { force: true }).catch(this.#options.onError);
  }

  /** Its place in memory counts too: so of both bounds nobody has more than their part, and none is exceeded. */
  #weigh(bytes: number): number {
    const { bytesMax, entriesMax = ENTRIES_MAX } = this.#options;
    return Math.max(blocksOf(bytes), Math.ceil(bytesMax / entriesMax));
  }

  #note(name: string, kept: Kept): void {
    this.#drop(name);
    this.#entries.set(name, kept);
    this.#count(kept, kept.weight);
  }

  #drop(name: string): void {
    const kept = this.#entries.get(name);
    if (!kept) return;
    this.#entries.delete(name);
    this.#count(kept, -kept.weight);
  }

  #count({ who }: Kept, weight: number): void {
    this.#weight += weight;
    const left = (this.#weightOf.get(who) ?? 0) + weight;
    if (left === 0) this.#weightOf.delete(who);
    else this.#weightOf.set(who, left);
  }

  #use(name: string): void {
    const kept = this.#entries.get(name);
    if (kept) this.#note(name, kept);
  }

  async #stampOf(name: string): Promise<string | undefined> {
    const known = await stat(this.#at(name)).catch(() => undefined);
    return known && `${known.ino} ${known.size} ${known.mtimeMs}`;
  }

  /** What was kept before this start, oldest first; what was being written then is taken away. */
  async #scan(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found: { name: string; weight: number; writtenMs: number }[] = [];
    for (const name of await readdir(folder)) {
      if (!OWN.test(name)) continue;
      if (name.includes('.')) await rm(this.#at(name), { force: true });
      else {
        const known = await stat(this.#at(name)).catch(() => undefined);
        if (known) found.push({ name, weight: this.#weigh(known.size), writtenMs: known.mtimeMs });
      }
    }
    found.sort((a, b) => a.writtenMs - b.writtenMs);
    for (const { name, weight } of found)
      if (!this.#entries.has(name)) this.#note(name, { weight, who: NOBODY });
    await this.#evictTo(this.#options.bytesMax);
  }

  #at(name: string): string {
    return join(this.#options.folder, name);
  }
}

export interface Described {
  readonly contentType: string;
  /** In bytes. */
  readonly length: number;
}

interface Kept {
  readonly weight: number;
  readonly who: string;
}

/** Of what an earlier start has kept it is not known for whom. */
const NOBODY = '';

const GROUP_LENGTH = 16;
const groupOf = (of: string): string => digestOf(of).slice(0, GROUP_LENGTH);
const nameOf = ({ of, how }: Key): string =>
  groupOf(of) + digestOf(`${of} ${how}`).slice(0, GROUP_LENGTH);
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
