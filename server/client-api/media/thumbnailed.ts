import { z } from 'zod';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { Representation } from '../../http/representation.ts';
import type { Media } from '../../media/media.ts';
import type { Thumbnail, Thumbnails } from '../../media/thumbnails/thumbnails.ts';
import type { LargeReads } from '../events/large-reads.ts';
import { dispositionOf } from './content-headers.ts';
import { type Download, downloadQuery, SAFELY, wishOf } from './downloaded.ts';

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
  readonly largeReads: Pick<LargeReads, 'enter' | 'enterAtOnce'>;
}

/** Of these a list of rooms shows hundreds, and they are read as soon as they are there. */
const LIGHT_BYTES_MAX = 128 * 1024;

interface ThumbnailCall extends Download {
  readonly query: z.output<typeof thumbnailQuery>;
}

/** `who`: whose turn it is when many ask at once. `asks`: who has other servers asked. */
export async function thumbnail(
  call: ThumbnailCall,
  { media, ...ports }: ThumbnailPorts,
  { who, asks }: { readonly who: string; readonly asks?: string },
): Promise<Representation> {
  const { query, signal } = call;
  const { width, height, method, animated: isAnimated } = query;
  const content = await media.contentOf(wishOf(call, asks));
  const drawing = { width, height, method, isAnimated };
  const draw = () => ports.thumbnails.of(content, drawing, who);
  const { contentType, bytes, sha256 } = await held(ports, draw, { who, signal });
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

/** A heavy one lies in memory until its reader has it, and a slow one may have asked for many: those that wait are not held. */
async function held(
  { largeReads }: Pick<ThumbnailPorts, 'largeReads'>,
  draw: () => Promise<Thumbnail>,
  { who, signal }: { who: string; signal: AbortSignal },
): Promise<Thumbnail> {
  const mayBeHeld = ({ bytes }: Thumbnail) =>
    bytes.length <= LIGHT_BYTES_MAX || largeReads.enterAtOnce(who, signal);
  const atOnce = await draw().then((drawn) => (mayBeHeld(drawn) ? drawn : undefined));
  if (atOnce) return atOnce;
  await largeReads.enter(who, signal);
  return draw();
}
