import { createHash } from 'node:crypto';
import { FairTurns, type TurnBounds } from '../../log/fair-turns.ts';
import { Lru } from '../../log/lru.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import type { DiskCache } from '../cache/disk-cache.ts';
import type { Key } from '../cache/entry-file.ts';
import type { CachedContent } from '../previews/pictures.ts';
import { SharedTurns } from '../turns/shared-turns.ts';

export interface RemoteFile {
  readonly contentType: string;
  readonly fileName: string | null;
  readonly bytes: Buffer;
}

export interface RemoteWish {
  readonly serverName: string;
  readonly mediaId: string;
  readonly timeoutMs: number;
}

/** From the server that has it. Throws what a client is to be told. */
export type FetchRemote = (wish: RemoteWish & { readonly bytesMax: number }) => Promise<RemoteFile>;

export interface RemotePorts {
  readonly cache: Pick<DiskCache, 'describe' | 'get' | 'put' | 'read' | 'staysUpTo'>;
  /** Undefined where other servers are not asked. */
  readonly fetch: FetchRemote | undefined;
  readonly mayShow: (bytes: Buffer, who: string, signal: AbortSignal) => Promise<boolean>;
  readonly now: () => number;
}

/** Each lies in memory whole until it is on the disk. Whose servers say nothing hold up themselves. */
const TURNS: TurnBounds = {
  ...{ atOnce: 8, atOnceOfOne: 3, keptForOthers: 2 },
  ...{ waiting: 2_000, waitingOfOne: 250 },
};
const SCANNED_WITHIN_MS = 60_000;
/** What was fetched or tried in vain is not fetched again so soon: clients ask for what they show again and again. */
const IN_VAIN_MS = 60_000;
const IN_VAIN_KEPT_MAX = 10_000;

interface InVain {
  readonly error: MatrixError;
  readonly untilMs: number;
  /** Who would wait for longer may have it tried, where that may help. */
  readonly timeoutMs: number;
}

/**
 * Files of other servers: derived things, in the cache of the site that has fetched them and in no table. Fetched once for
 * all who want it, and again where the cache has let go of it.
 */
export class RemoteMedia {
  readonly #ports: RemotePorts;
  readonly #shared: SharedTurns<void>;
  readonly #inVain = new Lru<string, InVain>(IN_VAIN_KEPT_MAX);

  constructor(ports: RemotePorts, turns: TurnBounds = TURNS) {
    this.#ports = ports;
    this.#shared = new SharedTurns(new FairTurns(turns));
  }

  /** `who` has it fetched. */
  async contentOf(wish: RemoteWish, who: string): Promise<CachedContent> {
    const { fetch } = this.#ports;
    if (!fetch) throw notFound('There is no such media');
    const key = keyOf(wish);
    const known = await this.#kept(key);
    if (known) return known;
    this.#refuseInVain(key, wish);
    await this.#shared.run(key.of, who, () =>
      this.#fetched(key, wish, { fetch, who }).catch((error: unknown) => {
        throw this.#noted(key, wish, error);
      }),
    );
    const fetched = await this.#kept(key);
    if (fetched) return fetched;
    throw this.#noted(key, wish, new NotKept());
  }

  /** Nothing is fetched that could not be kept: it would be given to nobody. */
  async #fetched(
    key: Key,
    { serverName, mediaId, timeoutMs }: RemoteWish,
    { fetch, who }: { fetch: FetchRemote; who: string },
  ): Promise<void> {
    const bytesMax = await this.#ports.cache.staysUpTo();
    if (bytesMax === 0) throw new NotKept();
    await this.#keep(key, await fetch({ serverName, mediaId, timeoutMs, bytesMax }), who);
  }

  #refuseInVain({ of }: Key, { timeoutMs }: RemoteWish): void {
    const before = this.#inVain.get(of);
    if (before && before.untilMs > this.#ports.now() && timeoutMs <= before.timeoutMs)
      throw before.error;
  }

  #noted({ of }: Key, { timeoutMs }: RemoteWish, error: unknown): unknown {
    if (!(error instanceof MatrixError) || !IN_VAIN.has(error.status)) return error;
    const untilMs = this.#ports.now() + IN_VAIN_MS;
    const isFinal =
      error.status === 403 || error.errcode === 'M_TOO_LARGE' || error instanceof NotKept;
    this.#inVain.set(of, { error, timeoutMs: isFinal ? Infinity : timeoutMs, untilMs });
    return error;
  }

  async #kept(key: Key): Promise<CachedContent | undefined> {
    const { cache } = this.#ports;
    const [told, described] = [await cache.get(aboutOf(key)), await cache.describe(key)];
    if (!told || !described) return undefined;
    const { fileName, sha256 } = JSON.parse(told.bytes.toString()) as About;
    const { contentType, length: bytes } = described;
    return {
      cachedAs: key,
      bytes,
      contentType,
      fileName,
      sha256: Buffer.from(sha256, 'base64url'),
    };
  }

  async #keep(key: Key, { bytes, contentType, fileName }: RemoteFile, who: string): Promise<void> {
    const { cache, mayShow } = this.#ports;
    if (!(await mayShow(bytes, who, AbortSignal.timeout(SCANNED_WITHIN_MS))))
      throw new MatrixError(403, 'M_FORBIDDEN', 'The scanner refuses this file');
    const sha256 = createHash('sha256').update(bytes).digest('base64url');
    const about: About = { fileName, sha256 };
    await cache.put(key, { contentType: typeOf(contentType), bytes }, who);
    const told = Buffer.from(JSON.stringify(about));
    await cache.put(aboutOf(key), { contentType: 'application/json', bytes: told }, who);
  }
}

/** Refused, by the scanner or the other server, or that did not come as it is to be. */
const IN_VAIN: ReadonlySet<number> = new Set([403, 502]);

class NotKept extends MatrixError {
  constructor() {
    super(502, 'M_UNKNOWN', 'Files of other servers cannot be kept here');
  }
}

interface About {
  readonly fileName: string | null;
  readonly sha256: string;
}

/** As its server says it; what is no type is of none that a browser would show. */
const typeOf = (said: string): string =>
  said.length <= 255 && TYPE.test(said) ? said : 'application/octet-stream';

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;[\x20-\x7e]*)?$/;

const keyOf = ({ serverName, mediaId }: RemoteWish): Key => ({
  of: `mxc://${serverName}/${mediaId}`,
  how: 'as it came',
});

const aboutOf = ({ of }: Key): Key => ({ of, how: 'what it is' });
