import { notFound } from '../../http/matrix-error.ts';
import type { Representation } from '../../http/representation.ts';
import { type Media, notYetUploaded } from '../../media/media.ts';
import { type Download, download } from './downloaded.ts';
import type { MediaOptions } from './media-options.ts';

export interface WithoutToken {
  readonly media: Pick<Media, 'isAwaited'>;
  readonly mediaOptions: MediaOptions;
}

export type DownloadPorts = WithoutToken & { readonly media: Pick<Media, 'contentOf' | 'read'> };

/**
 * On the paths from before v1.11. All that is here was uploaded after they were frozen (client-server API, "Content
 * repository", client behaviour), unless the operator opens them.
 */
export async function downloadWithoutToken(
  call: Download,
  ports: DownloadPorts,
): Promise<Representation> {
  await refuseUnlessOpen(call.path, ports);
  return download(call, ports);
}

/** Who has been told of a media id may know that its content is still to come. Nobody waits for it here. */
export async function refuseUnlessOpen(
  path: Download['path'],
  { media, mediaOptions }: WithoutToken,
): Promise<void> {
  if (mediaOptions.withoutToken) return;
  if (await media.isAwaited(path)) throw notYetUploaded();
  throw notFound('There is no such media for who has no token');
}
