import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { usedBytes } from '../storage/media/media.ts';
import { DiskCache, type DiskCacheOptions } from './cache/disk-cache.ts';
import { Media } from './media.ts';
import { Quota, type QuotaBounds } from './quota.ts';
import { Staging } from './staging.ts';
import { Thumbnails } from './thumbnails/thumbnails.ts';
import { sweepUnused } from './unused.ts';

export interface MediaGround {
  readonly serverName: ServerName;
  readonly lane: BulkLane;
  readonly mediaQuota: QuotaBounds;
  readonly mediaCache: Pick<DiskCacheOptions, 'folder' | 'bytesMax'>;
  readonly onError: (error: unknown) => void;
}

/** Everything of this folder, put together. */
export function mediaFeatures(stored: Stored, ground: MediaGround) {
  const { serverName, lane, mediaQuota, mediaCache, onError } = ground;
  const staging = new Staging({ stored, lane, onError });
  const quota = new Quota(mediaQuota, (userId) => usedBytes(stored.database, userId));
  const media = new Media({ stored, serverName, staging, quota });
  const cache = new DiskCache({ ...mediaCache, onError, now: stored.now });
  const thumbnails = new Thumbnails({
    ...{ cache, now: stored.now },
    read: (content, from, end) => media.read(content, from, end),
  });
  const house = new AbortController();
  void staging.sweep().catch(onError);
  void sweepUnused({ stored, lane, onError, signal: house.signal });
  return {
    ports: { media, thumbnails },
    close() {
      house.abort();
      media.close();
      thumbnails.close();
      staging.close();
    },
  };
}
