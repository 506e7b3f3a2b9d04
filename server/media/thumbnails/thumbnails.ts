import { createHash } from 'node:crypto';
import { FairTurns, type TurnBounds } from '../../log/fair-turns.ts';
import { NotWriter } from '../../log/log.ts';
import { Lru } from '../../log/lru.ts';
import { MatrixError, tooLarge } from '../../protocol/matrix-error.ts';
import type { DiskCache } from '../cache/disk-cache.ts';
import type { Entry, Key } from '../cache/entry-file.ts';
import type { Shown } from '../media.ts';
import { SharedTurns } from '../turns/shared-turns.ts';
import type { Drawn, Measured, Undrawable } from './picture-messages.ts';
import { type PictureBounds, PictureInterrupted, PictureProcess } from './picture-process.ts';
import { type Drawing, madeFor } from './thumbnail-size.ts';

export interface ThumbnailPorts {
  readonly cache: Pick<DiskCache, 'get' | 'put' | 'forget'>;
  readonly read: (content: Shown, from: number, end: number) => AsyncIterable<Buffer>;
  readonly now: () => number;
}

export interface ThumbnailBounds {
  readonly process: PictureBounds;
  readonly turns: TurnBounds;
  /** Of a file that is read for a thumbnail. */
  readonly fileBytesMax: number;
}

const BOUNDS: ThumbnailBounds = {
  process: { withinMs: 20_000, memoryBytesMax: 512 * 1_024 * 1_024, idleMs: 300_000 },
  // What is in a room list is asked for all at once, and who is refused a picture does not come again.
  turns: { atOnce: 1, waiting: 2_000, waitingOfOne: 250 },
  fileBytesMax: 50 * 1_024 * 1_024,
};

/** Those that were given out last, by all together: a room that is opened has its pictures asked for by all who are in it. */
const LATELY_BYTES_MAX = 8 * 1_024 * 1_024;
/** What is kept of one beside its bytes. */
const LATELY_BESIDE_BYTES = 1_024;

const UNDRAWABLE_MAX = 1_000;
const UNDRAWABLE_MS = 3_600_000;

/** Small pictures of what people have uploaded; made when somebody asks, and kept in the cache. */
export class Thumbnails {
  readonly #ports: ThumbnailPorts;
  readonly #bounds: ThumbnailBounds;
  readonly #process: PictureProcess;
  readonly #turns: FairTurns;
  readonly #shared: SharedTurns<Entry>;
  /** What cost a process once costs none again: why, and until when, by content. */
  readonly #undrawable = new Lru<string, { readonly why: Undrawable['why']; untilMs: number }>(
    UNDRAWABLE_MAX,
  );

  /** By content and how it was drawn; whether somebody may have it is asked before. */
  readonly #lately = new Lru<string, Thumbnail & { readonly of: string }>(LATELY_BYTES_MAX);
  #isClosing = false;

  constructor(ports: ThumbnailPorts, bounds = BOUNDS) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#process = new PictureProcess(bounds.process);
    this.#turns = new FairTurns(bounds.turns);
    this.#shared = new SharedTurns(this.#turns);
  }

  /** Throws what a client is to be told where there can be none. `who` is for whom it is made. */
  async of(content: Shown, wanted: Drawing, who: string): Promise<Thumbnail> {
    const drawing = madeFor(wanted);
    const key = keyOf(content, drawing);
    const name = `${key.of} ${key.how}`;
    const known = this.#lately.get(name);
    if (known) return known;
    const entry =
      (await this.#ports.cache.get(key)) ??
      (await this.#shared.run(name, who, () => this.#kept(key, this.#draw(content, drawing), who)));
    const sha256 = createHash('sha256').update(entry.bytes).digest();
    const thumbnail = { ...entry, sha256, of: key.of };
    this.#lately.set(name, thumbnail, entry.bytes.length + LATELY_BESIDE_BYTES);
    return thumbnail;
  }

  /**
   * What kind of picture it is, and its size as it is shown; undefined where none could be made smaller. It lies in memory
   * until its turn, behind whatever else is drawn, so nobody waits who has given it up.
   */
  measured(picture: Buffer, who: string, signal: AbortSignal): Promise<Measured | undefined> {
    const measure = async () => {
      const said = await this.#again(() => this.#process.measure(picture));
      return said.kind === 'measured' ? said : undefined;
    };
    return this.#turns.run(who, measure, signal);
  }

  /** Of what nobody is to see any more; what is drawn at this moment may be kept behind that, and is given to nobody. */
  forget(contents: readonly Pick<Shown, 'sha256'>[]): Promise<void> {
    const gone = contents.map(groupOf);
    const groups = new Set(gone);
    this.#lately.deleteIf(({ of }) => groups.has(of));
    return this.#ports.cache.forget(gone);
  }

  close(): void {
    this.#isClosing = true;
    this.#process.close();
  }

  async #kept(key: Key, drawn: Promise<Entry>, who: string): Promise<Entry> {
    const entry = await drawn;
    await this.#ports.cache.put(key, entry, who);
    return entry;
  }

  async #draw(content: Shown, drawing: Drawing): Promise<Entry> {
    const known = this.#undrawable.get(contentKey(content));
    if (known && known.untilMs > this.#ports.now()) throw refusal(known.why);
    if (content.bytes > this.#bounds.fileBytesMax) throw refusal('too large');
    const drawn = await this.#drawn(content, drawing);
    if (drawn.kind === 'drawn')
      return { contentType: drawn.contentType, bytes: Buffer.from(drawn.bytes) };
    const untilMs = this.#ports.now() + UNDRAWABLE_MS;
    this.#undrawable.set(contentKey(content), { why: drawn.why, untilMs });
    throw refusal(drawn.why);
  }

  async #drawn(content: Shown, drawing: Drawing): Promise<Drawn | Undrawable> {
    return this.#again(() =>
      this.#process.draw(this.#ports.read(content, 0, content.bytes), drawing),
    );
  }

  /** Once more where the process was ended from outside: that says nothing of the picture. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask().catch((error: unknown) => {
        if (error instanceof PictureInterrupted && !this.#isClosing) return ask();
        throw error;
      });
    } catch (error) {
      if (!(error instanceof PictureInterrupted)) throw error;
      if (this.#isClosing) throw new NotWriter('The server is ending');
      throw refusal('too large');
    }
  }
}

export interface Thumbnail extends Entry {
  readonly sha256: Buffer;
}

const refusal = (why: Undrawable['why']): MatrixError =>
  why === 'too large'
    ? tooLarge('The content is too large to make a thumbnail of it')
    : new MatrixError(400, 'M_UNKNOWN', 'The content is no picture of which there are thumbnails');

const groupOf = (content: Pick<Shown, 'sha256'>): string => `thumbnails of ${contentKey(content)}`;

const contentKey = ({ sha256 }: Pick<Shown, 'sha256'>): string => sha256.toString('base64url');

/** By what is in it: whatever media id it has, here or in another life of this machine, its thumbnail is the same. */
const keyOf = (content: Shown, { width, height, method, isAnimated }: Drawing): Key => ({
  of: groupOf(content),
  how: `${width}x${height} ${method}${isAnimated ? ' animated' : ''}`,
});
