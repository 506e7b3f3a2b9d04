import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { countedBytes } from '../storage/media/media.ts';
import {
  avatarsAmong,
  mediaGoneRow,
  type Removable,
  removableAmong,
  removableOf,
  removableUnused,
  roomAvatars,
  type Unused,
  unusedAmong,
} from '../storage/media/removal.ts';
import type { Row } from '../storage/write.ts';
import type { LastAccess } from './last-access.ts';
import { pagesOf } from './pages-of.ts';
import type { Quota } from './quota.ts';

export interface RemovalPorts {
  readonly stored: Stored;
  readonly serverName: ServerName;
  readonly quota: Pick<Quota, 'freeing'>;
  readonly access: Pick<LastAccess, 'write'>;
  /** Content has lost its media id: its bytes are to be taken away. */
  readonly onGone: (gone: readonly Removable[]) => void;
}

/** What has gone: how much in all, and the first of the ids. */
export interface Removed {
  readonly mediaIds: readonly string[];
  readonly total: number;
}

export interface UnusedWish extends Unused {
  /** What is somebody's picture, or a room's, stays. */
  readonly keepsPictures: boolean;
}

/** Of a change, so that it does not hold up the log. */
const AT_ONCE = 500;
const TOLD_MAX = 10_000;

/** While something is removed nobody changes what keeps it: what they were told before holds. */
export const REMOVAL_LOCK = 'removal of media';

type Some = readonly Removable[];
/** Those of the ids that may go, now. */
type Still = (mediaIds: readonly string[]) => Promise<Some>;

/**
 * Takes media ids away, by changes of some hundred; their bytes go behind that (`gone.ts`). Who asks again takes away
 * what is left, so a repeat goes on where a failover has cut it.
 */
export class Removal {
  readonly #ports: RemovalPorts;
  readonly #erased = new Set<UserId>();

  constructor(ports: RemovalPorts) {
    this.#ports = ports;
  }

  /** Those of the ids that are there: not more of them than a page has (`LIMIT_MAX` of the admin API). */
  async remove(
    mediaIds: readonly string[],
    outcome: (removed: Removed) => Outcome,
  ): Promise<Removed> {
    const { database } = this.#ports.stored;
    return this.#all([await removableAmong(database, mediaIds)], outcome);
  }

  /** What nobody has asked for in a while, but for what is quarantined or protected. */
  async removeUnused(
    { keepsPictures, ...unused }: UnusedWish,
    outcome: (removed: Removed) => Outcome = () => undefined,
  ): Promise<Removed> {
    const { stored, access } = this.#ports;
    const { database } = stored;
    // What was asked for in the last minutes is in memory alone: written down here for what is found, and for what is asked for meanwhile before it goes.
    await access.write();
    const found = pagesOf((after) => removableUnused(database, unused, { after, limit: AT_ONCE }));
    const still: Still = async (mediaIds) => {
      await access.write();
      return unusedAmong(database, unused, mediaIds);
    };
    return this.#all(keepsPictures ? this.#noPictures(found) : found, outcome, still);
  }

  /** All that somebody has uploaded goes, and what they are uploading is refused until their account is closed by `close`. */
  async erase(userId: UserId, close: () => Promise<void>): Promise<void> {
    const { database, log } = this.#ports.stored;
    this.#erased.add(userId);
    try {
      // Behind what they had committed before.
      await commitRows(log, []);
      await this.#all(
        pagesOf((after) => removableOf(database, userId, { after, limit: AT_ONCE })),
        () => undefined,
      );
      await close();
    } catch (error) {
      this.#erased.delete(userId);
      throw error;
    }
  }

  isErased(userId: UserId): boolean {
    return this.#erased.has(userId);
  }

  async #all(
    found: AsyncIterable<Some> | Iterable<Some>,
    outcome: (removed: Removed) => Outcome,
    still: Still = (mediaIds) => removableAmong(this.#ports.stored.database, mediaIds),
  ): Promise<Removed> {
    let removed: Removed = { mediaIds: [], total: 0 };
    for await (const some of found) {
      const gone = await this.#take(some, still);
      removed = withMore(removed, gone);
    }
    await this.#commit([], outcome(removed));
    return removed;
  }

  async #take(some: Some, still: Still): Promise<Some> {
    if (some.length === 0) return [];
    const { stored, quota, onGone } = this.#ports;
    const ids = some.map(({ mediaId }) => mediaId);
    let there: Some = [];
    // One by one, and only what is still there, so that no bytes are given back twice.
    await stored.locks.run(REMOVAL_LOCK, () =>
      quota.freeing(async () => {
        there = await still(ids);
        await this.#commit(there.map(({ mediaId }) => mediaGoneRow(mediaId)));
        return there.reduce((sum, { bytes }) => sum + countedBytes(bytes), 0);
      }),
    );
    onGone(there);
    return there;
  }

  async #commit(rows: readonly Row[], outcome?: Outcome): Promise<void> {
    if (rows.length === 0 && !outcome) return;
    await commitRows(this.#ports.stored.log, rows, outcome);
  }

  async *#noPictures(pages: AsyncIterable<Some>): AsyncGenerator<Some> {
    const { serverName, stored } = this.#ports;
    const uriOf = ({ mediaId }: Removable) => `mxc://${serverName}/${mediaId}`;
    const ofRooms = await roomAvatars(stored.database);
    for await (const some of pages) {
      const ofUsers = await avatarsAmong(stored.database, some.map(uriOf));
      yield some.filter((each) => !ofUsers.has(uriOf(each)) && !ofRooms.has(uriOf(each)));
    }
  }
}

export type Outcome = ReturnType<Once['outcome']>;

/** As administrators are told it. */
export const toldRemoved = ({ mediaIds, total }: Removed): JsonObject => ({
  deleted_media: mediaIds,
  total,
});

const withMore = ({ mediaIds, total }: Removed, gone: readonly Removable[]): Removed => ({
  mediaIds: [...mediaIds, ...gone.map(({ mediaId }) => mediaId)].slice(0, TOLD_MAX),
  total: total + gone.length,
});
