import { z } from 'zod';
import { name, serverName, trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { Representation } from '../../http/representation.ts';
import type { Media, Wish } from '../../media/media.ts';
import { baseName, dispositionOf } from './content-headers.ts';

export const mediaPath = z.object({ serverName, mediaId: name });
export const namedMediaPath = mediaPath.extend({ fileName: z.string() });

/** There is no redirect to give. */
export const downloadQuery = z.object({
  timeout_ms: wholeNumber.default(20_000),
  allow_remote: trueOrFalse.default(true),
  allow_redirect: trueOrFalse.optional(),
});

/** Shorter than fronts hold a request, and proxies wait for an answer. */
const TIMEOUT_MS_MAX = 30_000;

export interface Download {
  readonly path: Pick<Wish, 'serverName' | 'mediaId'> & { readonly fileName?: string };
  readonly query: Pick<z.output<typeof downloadQuery>, 'timeout_ms'> & {
    readonly allow_remote?: boolean;
  };
  readonly signal: AbortSignal;
}

/** The content of a media id, under the name that was asked for or else the one that it was given. `who` has other servers asked. */
export async function download(
  call: Download,
  { media }: { media: Pick<Media, 'contentOf' | 'read'> },
  who?: string,
): Promise<Representation> {
  const { path } = call;
  const content = await media.contentOf(wishOf(call, who));
  const fileName = baseName(path.fileName ?? '') || baseName(content.fileName ?? '') || null;
  return new Representation({
    headers: {
      ...SAFELY,
      'content-type': content.contentType,
      'content-disposition': dispositionOf(content.contentType, fileName),
    },
    bytes: content.bytes,
    etag: `"${content.sha256.toString('base64url')}"`,
    read: (from, end) => media.read(content, from, end),
  });
}

export const wishOf = ({ path, query, signal }: Download, who: string | undefined): Wish => ({
  ...{ serverName: path.serverName, mediaId: path.mediaId },
  ...{ timeoutMs: timeoutOf(query), signal, who: query.allow_remote === false ? undefined : who },
});

const timeoutOf = ({ timeout_ms }: Download['query']): number =>
  Math.min(timeout_ms, TIMEOUT_MS_MAX);

/**
 * Whatever somebody has uploaded comes from the address of this server, so a browser must not run it (client-server API,
 * "Content repository", security considerations). What a media id means never changes.
 */
export const SAFELY = {
  'content-security-policy':
    "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';",
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, max-age=86400, immutable',
};
