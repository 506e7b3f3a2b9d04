import type { BulkLane } from '../log/bulk.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { ByteReader } from '../storage/database.ts';
import { usedBytes } from '../storage/media/media.ts';
import { DiskCache, type DiskCacheOptions } from './cache/disk-cache.ts';
import { type FetchRemote, RemoteMedia } from './elsewhere/remote-media.ts';
import { LastAccess } from './last-access.ts';
import { Media } from './media.ts';
import { MediaList } from './media-list.ts';
import { type PreviewSettings, previewFeatures } from './previews/features.ts';
import { PreviewPictures } from './previews/pictures.ts';
import { Quarantine } from './quarantine.ts';
import { Quota, type QuotaBounds } from './quota.ts';
import { Removal } from './removal.ts';
import { type ScanningWish, scanningFeatures } from './scanning/features.ts';
import { Staging } from './staging.ts';
import { type StoreWish, storeFeatures } from './stores/features.ts';
import { Thumbnails } from './thumbnails/thumbnails.ts';
import { sweepUnused } from './unused.ts';

export interface MediaGround {
  readonly serverName: ServerName;
  readonly lane: BulkLane;
  /** For the bytes of files. */
  readonly pieces: ByteReader;
  readonly mediaQuota: QuotaBounds;
  readonly mediaCache: Pick<DiskCacheOptions, 'folder' | 'bytesMax'>;
  /** For how many days files stay that nobody asks for; undefined where for ever. */
  readonly mediaKeptDays: number | undefined;
  /** Undefined where nobody is shown what links lead to. */
  readonly urlPreviews: PreviewSettings | undefined;
  /** Undefined where nothing is scanned. */
  readonly scanning: ScanningWish | undefined;
  /** Undefined where all files lie in the database. */
  readonly objectStore: StoreWish | undefined;
  /** Of the cluster, for the ids of their pictures. */
  readonly previewSecret: Buffer;
  /** Undefined where other servers are not asked. */
  readonly fetchRemote: FetchRemote | undefined;
  readonly onError: (error: unknown) => void;
}

/** Everything of this folder, put together. */
export function mediaFeatures(stored: Stored, ground: MediaGround) {
  const { serverName, lane, pieces, mediaQuota, mediaCache, onError } = ground;
  const staging = new Staging({ stored, lane, onError });
  const quota = new Quota(mediaQuota, (userId) => usedBytes(stored.database, userId));
  const stores = storeFeatures(ground.objectStore, { stored, pieces, staging, lane, onError });
  const forget = (contents: readonly { readonly sha256: Buffer }[]) =>
    void thumbnails.forget(contents);
  const onGone = (contents: readonly { readonly sha256: Buffer }[]) => {
    stores.onGone();
    forget(contents);
  };
  const access = new LastAccess({ stored, lane, onError });
  const removal = new Removal({ stored, serverName, quota, access, onGone });
  const cache = new DiskCache({ ...mediaCache, onError, now: stored.now });
  const pictures = new PreviewPictures({ cache, secret: ground.previewSecret });
  const scanning = scanningFeatures(ground.scanning, {
    ...{ stored, onError },
    read: (content) => media.read(content, 0, content.bytes),
  });
  const remote = new RemoteMedia({
    ...{ cache, fetch: ground.fetchRemote, now: stored.now },
    mayShow: (...asked) => scanning.mayShow(...asked),
  });
  const media: Media = new Media({
    ...{ stored, serverName, staging, quota, removal, access, pictures, scanning },
    ...{ contents: stores.contents, onStored: stores.onStored, remote },
  });
  const thumbnails: Thumbnails = new Thumbnails({
    ...{ cache, now: stored.now },
    read: (content, from, end) => media.read(content, from, end),
  });
  const previews = previewFeatures(ground.urlPreviews, {
    ...{ serverName, pictures, now: stored.now },
    measured: (...asked) => thumbnails.measured(...asked),
    mayShow: (...asked) => scanning.mayShow(...asked),
  });
  const house = new AbortController();
  void staging.sweep().catch(onError);
  stores.begin();
  void sweepUnused({
    stored,
    lane,
    removal,
    keptDays: ground.mediaKeptDays,
    onError,
    signal: house.signal,
  });
  void access.keepWriting();
  return {
    ports: {
      ...{ media, thumbnails, previews },
      mediaRemoval: removal,
      mediaQuarantine: new Quarantine({ stored, serverName, onHidden: forget }),
      mediaList: new MediaList(stored),
      mediaAccess: access,
      mediaStores: stores.uses,
    },
    async close() {
      house.abort();
      for (const each of [media, thumbnails, scanning, staging, access]) each.close();
      await stores.close();
    },
  };
}
