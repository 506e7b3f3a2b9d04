import { getMutualRooms } from './get-mutual-rooms.ts';
import { getPublicRooms } from './get-public-rooms.ts';
import { getRoomSummary } from './get-room-summary.ts';
import { getRoomVisibilityOnDirectory } from './get-room-visibility-on-directory.ts';
import { getSpaceHierarchy } from './get-space-hierarchy.ts';
import { queryPublicRooms } from './query-public-rooms.ts';
import { setRoomVisibilityOnDirectory } from './set-room-visibility-on-directory.ts';

export const roomDirectoryEndpoints = [
  getPublicRooms,
  queryPublicRooms,
  getRoomVisibilityOnDirectory,
  setRoomVisibilityOnDirectory,
  getRoomSummary,
  getSpaceHierarchy,
  getMutualRooms,
];
