import { createHmac } from 'node:crypto';
import type { Content } from '../../storage/media/media.ts';
import type { DiskCache } from '../cache/disk-cache.ts';
import type { Key } from '../cache/entry-file.ts';
import type { Measured } from '../thumbnails/picture-messages.ts';

export interface PicturePorts {
  readonly cache: Pick<DiskCache, 'describe' | 'put' | 'has' | 'read'>;
  /** Of the cluster. */
  readonly secret: Buffer;
}

/** A picture of a preview: it stands in no table, but in the cache of the site that fetched it. */
export interface CachedContent extends Omit<Content, 'mediaId' | 'uploadNid' | 'objectKey'> {
  readonly cachedAs: Key;
}

const PREFIX = 'preview-';

/** It stands in no table, whoever names it. */
export const isOfPreview = (mediaId: string): boolean => mediaId.startsWith(PREFIX);

/**
 * Pictures that previews show, by media ids. The same picture has the same id at each site, so what a client was told
 * holds at the next writer as soon as somebody asks for that preview there; and nobody can tell an id from a picture.
 */
export class PreviewPictures {
  readonly #ports: PicturePorts;

  constructor(ports: PicturePorts) {
    this.#ports = ports;
  }

  /** Its media id; undefined where it cannot be kept. */
  async keep(bytes: Buffer, { contentType }: Measured, who: string): Promise<string | undefined> {
    const { cache, secret } = this.#ports;
    const digest = createHmac('sha256', secret).update(bytes).digest();
    const mediaId = `${PREFIX}${digest.toString('base64url')}`;
    await cache.put(keyOf(mediaId), { contentType, bytes }, who);
    return (await this.has(mediaId)) ? mediaId : undefined;
  }

  has(mediaId: string): Promise<boolean> {
    return this.#ports.cache.has(keyOf(mediaId));
  }

  async contentOf(mediaId: string): Promise<CachedContent | undefined> {
    if (!isOfPreview(mediaId)) return undefined;
    const known = await this.#ports.cache.describe(keyOf(mediaId));
    if (!known) return undefined;
    const { contentType, length: bytes } = known;
    // It names these bytes and no others, as their SHA-256 would.
    const sha256 = Buffer.from(mediaId.slice(PREFIX.length), 'base64url');
    const cachedAs = keyOf(mediaId);
    return { cachedAs, bytes, contentType, fileName: null, sha256 };
  }

  read({ cachedAs }: CachedContent, from: number, end: number): AsyncIterable<Buffer> {
    return this.#ports.cache.read(cachedAs, from, end);
  }
}

const keyOf = (mediaId: string): Key => ({ of: mediaId, how: 'picture of a preview' });
