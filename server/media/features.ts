import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { usedBytes } from '../storage/media/media.ts';
import { Media } from './media.ts';
import { Quota, type QuotaBounds } from './quota.ts';
import { Staging } from './staging.ts';
import { sweepUnused } from './unused.ts';

export interface MediaGround {
  readonly serverName: ServerName;
  readonly lane: BulkLane;
  readonly mediaQuota: QuotaBounds;
  readonly onError: (error: unknown) => void;
}

/** Everything of this folder, put together. */
export function mediaFeatures(stored: Stored, ground: MediaGround) {
  const { serverName, lane, mediaQuota, onError } = ground;
  const staging = new Staging({ stored, lane, onError });
  const quota = new Quota(mediaQuota, (userId) => usedBytes(stored.database, userId));
  const media = new Media({ stored, serverName, staging, quota });
  const house = new AbortController();
  void staging.sweep().catch(onError);
  void sweepUnused({ stored, lane, onError, signal: house.signal });
  return {
    ports: { media },
    close() {
      house.abort();
      media.close();
      staging.close();
    },
  };
}
