import { z } from 'zod';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { Representation } from '../../http/representation.ts';
import type { Media } from '../../media/media.ts';
import type { Thumbnails } from '../../media/thumbnails/thumbnails.ts';
import { dispositionOf } from './content-headers.ts';
import { type Download, downloadQuery, SAFELY, timeoutOf } from './downloaded.ts';

const side = wholeNumber.refine((pixels) => pixels > 0, 'must be at least 1');

export const thumbnailQuery = downloadQuery.extend({
  width: side,
  height: side,
  method: z.enum(['crop', 'scale']).default('scale'),
  animated: trueOrFalse.default(false),
});

export interface ThumbnailPorts {
  readonly media: Pick<Media, 'contentOf'>;
  readonly thumbnails: Pick<Thumbnails, 'of'>;
}

interface ThumbnailCall extends Download {
  readonly query: z.output<typeof thumbnailQuery>;
}

/** `who`: whose turn it is when many ask at once. */
export async function thumbnail(
  { path, query, signal }: ThumbnailCall,
  { media, thumbnails }: ThumbnailPorts,
  who: string,
): Promise<Representation> {
  const { width, height, method, animated: isAnimated } = query;
  const content = await media.contentOf({ ...path, timeoutMs: timeoutOf(query), signal });
  const drawing = { width, height, method, isAnimated };
  const { contentType, bytes, sha256 } = await thumbnails.of(content, drawing, who);
  const name = `thumbnail.${contentType.slice('image/'.length)}`;
  return new Representation({
    headers: {
      ...SAFELY,
      'content-type': contentType,
      'content-disposition': dispositionOf(contentType, name),
    },
    bytes: bytes.length,
    etag: `"${sha256.toString('base64url')}"`,
    read: async function* (from, end) {
      yield bytes.subarray(from, end);
    },
  });
}
