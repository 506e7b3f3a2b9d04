import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import {
  countOfMedia,
  type ListedMedia,
  listedMedia,
  type MediaPage,
  mediaOfUser,
} from '../storage/media/media-list.ts';
import {
  countOfUploaders,
  type Uploader,
  type UploaderPage,
  uploaders,
} from '../storage/media/media-statistics.ts';

export { type ListedMedia, MEDIA_ORDERS, type MediaPage } from '../storage/media/media-list.ts';
export { UPLOADER_ORDERS } from '../storage/media/media-statistics.ts';

/** What was uploaded, for administrators. */
export class MediaList {
  readonly #stored: Pick<Stored, 'database'>;

  constructor(stored: Pick<Stored, 'database'>) {
    this.#stored = stored;
  }

  /** Undefined where nothing is, or nothing yet. */
  get(mediaId: string): Promise<ListedMedia | undefined> {
    return listedMedia(this.#stored.database, mediaId);
  }

  page(page: MediaPage): Promise<readonly ListedMedia[]> {
    return mediaOfUser(this.#stored.database, page);
  }

  countOf(userId: UserId): Promise<number> {
    return countOfMedia(this.#stored.database, userId);
  }

  async uploaders(
    page: UploaderPage,
  ): Promise<{ readonly users: readonly Uploader[]; readonly total: number }> {
    const { database } = this.#stored;
    const [users, total] = await Promise.all([
      uploaders(database, page),
      countOfUploaders(database, page),
    ]);
    return { users, total };
  }
}
