import { invalidParam } from '../../http/matrix-error.ts';
import type { DirectoryQuery, RoomDirectory } from '../../rooms/directory/room-directory.ts';
import { publishedChunk } from '../../rooms/summary/room-summary.ts';
import { placeIn, tokenOf } from './directory-token.ts';

export interface PublicRoomsPorts {
  readonly roomDirectory: RoomDirectory;
}

export interface PublicRoomsWish {
  readonly limit?: number | undefined;
  readonly since?: string | undefined;
  readonly term?: string | undefined;
  readonly roomTypes?: readonly (string | null)[] | undefined;
  readonly directory?: DirectoryQuery['directory'];
}

const LIMIT_MAX = 100;

/** Of one page, however many are wished for. */
export const limitOf = ({ limit = LIMIT_MAX }: PublicRoomsWish): number =>
  Math.min(Math.max(limit, 1), LIMIT_MAX);

/** One page of the published rooms of this server. */
export async function publicRooms({ roomDirectory }: PublicRoomsPorts, wish: PublicRoomsWish) {
  const { since, term, roomTypes, directory } = wish;
  const from = since ? placeIn(since) : undefined;
  if (since && from === undefined) throw invalidParam('since is not a token of this endpoint');
  const page = await roomDirectory.page({
    term: term === '' ? undefined : term,
    ...{ roomTypes, directory },
    limit: limitOf(wish),
    from,
  });
  const [first, last] = [page.rooms.at(0), page.rooms.at(-1)];
  return {
    chunk: page.rooms.map(publishedChunk),
    total_room_count_estimate: page.total,
    ...(last && page.hasNext && { next_batch: tokenOf(last, 'next') }),
    ...(first && page.hasPrev && { prev_batch: tokenOf(first, 'prev') }),
  };
}
