import { deleteMedia } from './delete-media.ts';
import { deleteUnusedMedia } from './delete-unused-media.ts';
import { deleteUsersMedia } from './delete-users-media.ts';
import { getMediaDetails } from './get-media.ts';
import { getMediaStatistics } from './get-media-statistics.ts';
import { getMediaStores } from './get-media-stores.ts';
import { listRoomsMedia } from './list-rooms-media.ts';
import { listUsersMedia } from './list-users-media.ts';
import { protectMedia, unprotectMedia } from './protection.ts';
import { purgeMediaCache } from './purge-media-cache.ts';
import { quarantineMedia, unquarantineMedia } from './quarantine-media.ts';
import { quarantineRoomsMedia } from './quarantine-rooms-media.ts';
import { quarantineUsersMedia } from './quarantine-users-media.ts';

export const mediaAdministration = [
  getMediaDetails,
  deleteMedia,
  deleteUnusedMedia,
  listUsersMedia,
  deleteUsersMedia,
  listRoomsMedia,
  quarantineMedia,
  unquarantineMedia,
  quarantineUsersMedia,
  quarantineRoomsMedia,
  protectMedia,
  unprotectMedia,
  purgeMediaCache,
  getMediaStatistics,
  getMediaStores,
];
