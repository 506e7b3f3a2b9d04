import type { DirectoryPlace } from '../../rooms/directory/room-directory.ts';

/** Rooms come and go between two pages, so a token says behind which one the next begins. */
export const tokenOf = (
  { joinedCount, roomId }: Omit<DirectoryPlace, 'direction'>,
  direction: DirectoryPlace['direction'],
): string => `${direction}.${joinedCount}.${Buffer.from(roomId).toString('base64url')}`;

/** Undefined for what no server of ours ever gave out. */
export function placeIn(token: string): DirectoryPlace | undefined {
  const [, direction, count, id] = /^(next|prev)\.(\d{1,15})\.([\w-]{1,340})$/.exec(token) ?? [];
  if (direction === undefined || id === undefined) return undefined;
  const roomId = Buffer.from(id, 'base64url').toString();
  return {
    direction: direction as DirectoryPlace['direction'],
    joinedCount: Number(count),
    roomId,
  };
}
