import { z } from 'zod';
import { name, serverName } from '../../http/fields.ts';
import { invalidParam, notFound } from '../../http/matrix-error.ts';
import type { ListedMedia, MediaList } from '../../media/media-list.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

export interface MediaPorts {
  readonly accounts: { readonly serverName: ServerName };
  readonly mediaList: Pick<MediaList, 'get'>;
}

export const mediaPath = z.object({ serverName, mediaId: name });
export const ownMediaPath = z.object({ mediaId: name });

/** Of other servers there is nothing here. */
export async function knownMedia(
  { accounts, mediaList }: MediaPorts,
  { serverName: origin, mediaId }: z.output<typeof mediaPath>,
): Promise<ListedMedia> {
  const known = origin === accounts.serverName ? await mediaList.get(mediaId) : undefined;
  if (!known) throw notFound('Unknown media');
  return known;
}

export function refuseOtherServer({ accounts }: Pick<MediaPorts, 'accounts'>, origin: string) {
  if (origin !== accounts.serverName) throw invalidParam('Can only delete local media');
}

/** As Synapse tells it in lists. */
export const toldListed = (media: ListedMedia) => ({
  ...{ media_id: media.mediaId, media_type: media.contentType, media_length: media.bytes },
  ...{ upload_name: media.fileName, created_ts: media.createdMs },
  ...{ last_access_ts: media.lastAccessMs, quarantined_by: media.quarantinedBy },
  safe_from_quarantine: media.protected,
});
