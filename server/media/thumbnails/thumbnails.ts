import { createHash } from 'node:crypto';
import { NotWriter } from '../../log/log.ts';
import { Lru } from '../../log/lru.ts';
import { MatrixError, tooLarge } from '../../protocol/matrix-error.ts';
import type { Content } from '../../storage/media/media.ts';
import type { DiskCache, Entry } from '../cache/disk-cache.ts';
import { FairTurns, type TurnBounds } from './fair-turns.ts';
import type { Drawn, Undrawable } from './picture-messages.ts';
import { type PictureBounds, PictureInterrupted, PictureProcess } from './picture-process.ts';
import { type Drawing, madeFor } from './thumbnail-size.ts';

export interface ThumbnailPorts {
  readonly cache: Pick<DiskCache, 'get' | 'put'>;
  readonly read: (content: Content, from: number, end: number) => AsyncIterable<Buffer>;
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

const UNDRAWABLE_MAX = 1_000;
const UNDRAWABLE_MS = 3_600_000;

/** Small pictures of what people have uploaded; made when somebody asks, and kept in the cache. */
export class Thumbnails {
  readonly #ports: ThumbnailPorts;
  readonly #bounds: ThumbnailBounds;
  readonly #process: PictureProcess;
  readonly #turns: FairTurns;
  readonly #underWay = new Map<string, Making>();
  /** What cost a process once costs none again: why, and until when, by content. */
  readonly #undrawable = new Lru<string, { readonly why: Undrawable['why']; untilMs: number }>(
    UNDRAWABLE_MAX,
  );

  #isClosing = false;

  constructor(ports: ThumbnailPorts, bounds = BOUNDS) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#process = new PictureProcess(bounds.process);
    this.#turns = new FairTurns(bounds.turns);
  }

  /** Throws what a client is to be told where there can be none. `who` is for whom it is made. */
  async of(content: Content, wanted: Drawing, who: string): Promise<Thumbnail> {
    const drawing = madeFor(wanted);
    const key = keyOf(content, drawing);
    const entry =
      (await this.#ports.cache.get(key)) ??
      (await this.#made(key, who, () => this.#draw(content, drawing)));
    return { ...entry, sha256: createHash('sha256').update(entry.bytes).digest() };
  }

  close(): void {
    this.#isClosing = true;
    this.#process.close();
  }

  /** Once for all who want the same, in the first turn that one of them gets: nobody waits in another's line. */
  async #made(key: string, who: string, draw: () => Promise<Entry>): Promise<Entry> {
    const making = this.#underWay.get(key) ?? new Making(() => this.#kept(key, draw()));
    this.#underWay.set(key, making);
    making.waiting += 1;
    try {
      return await Promise.race([making.done, this.#turns.run(who, () => making.once())]);
    } finally {
      making.waiting -= 1;
      if (making.waiting === 0) this.#underWay.delete(key);
    }
  }

  async #kept(key: string, drawn: Promise<Entry>): Promise<Entry> {
    const entry = await drawn;
    await this.#ports.cache.put(key, entry);
    return entry;
  }

  async #draw(content: Content, drawing: Drawing): Promise<Entry> {
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

  /** Once more where the process was ended from outside: that says nothing of the picture. */
  async #drawn(content: Content, drawing: Drawing): Promise<Drawn | Undrawable> {
    const draw = () => this.#process.draw(this.#ports.read(content, 0, content.bytes), drawing);
    try {
      return await draw().catch((error: unknown) => {
        if (error instanceof PictureInterrupted && !this.#isClosing) return draw();
        throw error;
      });
    } catch (error) {
      if (!(error instanceof PictureInterrupted)) throw error;
      if (this.#isClosing) throw new NotWriter('The server is ending');
      throw refusal('too large');
    }
  }
}

/** Of one picture, for all who wait for it. */
class Making {
  readonly #draw: () => Promise<Entry>;
  readonly #end = Promise.withResolvers<Entry>();
  #begun = false;
  waiting = 0;

  constructor(draw: () => Promise<Entry>) {
    this.#draw = draw;
    this.done.catch(() => {});
  }

  get done(): Promise<Entry> {
    return this.#end.promise;
  }

  once(): Promise<Entry> {
    if (!this.#begun) {
      this.#begun = true;
      this.#draw().then(this.#end.resolve, this.#end.reject);
    }
    return this.done;
  }
}

export interface Thumbnail extends Entry {
  readonly sha256: Buffer;
}

const refusal = (why: Undrawable['why']): MatrixError =>
  why === 'too large'
    ? tooLarge('The content is too large to make a thumbnail of it')
    : new MatrixError(400, 'M_UNKNOWN', 'The content is no picture of which there are thumbnails');

const contentKey = ({ sha256 }: Content): string => sha256.toString('base64url');

/** By what is in it: whatever media id it has, here or in another life of this machine, its thumbnail is the same. */
const keyOf = (content: Content, { width, height, method, isAnimated }: Drawing): string =>
  `thumbnail ${contentKey(content)} ${width}x${height} ${method}${isAnimated ? ' animated' : ''}`;
