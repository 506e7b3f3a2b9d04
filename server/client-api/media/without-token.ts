import { notFound } from '../../http/matrix-error.ts';
import type { Representation } from '../../http/representation.ts';
import type { Media } from '../../media/media.ts';
import { type Download, download } from './downloaded.ts';
import type { MediaOptions } from './media-options.ts';

export interface WithoutToken {
  readonly media: Pick<Media, 'contentOf' | 'read'>;
  readonly mediaOptions: MediaOptions;
}

/**
 * On the paths from before v1.11. All that is here was uploaded after they were frozen (client-server API, "Content
 * repository", client behaviour), unless the operator opens them.
 */
export async function downloadWithoutToken(
  call: Download,
  { media, mediaOptions }: WithoutToken,
): Promise<Representation> {
  refuseUnlessOpen(mediaOptions);
  return download(call, { media });
}

export function refuseUnlessOpen({ withoutToken }: MediaOptions): void {
  if (!withoutToken) throw notFound('There is no such media for who has no token');
}
