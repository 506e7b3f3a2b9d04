import { claimUserEncryptionKeys } from './devices/claim-user-encryption-keys.ts';
import { getUserDevices } from './devices/get-user-devices.ts';
import { queryUserEncryptionKeys } from './devices/query-user-encryption-keys.ts';
import { getPublicRooms } from './directory/get-public-rooms.ts';
import { queryPublicRooms } from './directory/query-public-rooms.ts';
import { getVersion } from './get-version.ts';
import { getWellKnown } from './get-well-known.ts';
import { bulkPerspectivesKeyQuery } from './keys/bulk-perspectives-key-query.ts';
import { getServerKey } from './keys/get-server-key.ts';
import { perspectivesKeyQuery } from './keys/perspectives-key-query.ts';
import { queryProfile } from './queries/query-profile.ts';
import { queryRoomDirectory } from './queries/query-room-directory.ts';

/** What other servers ask, where the operator lets them. */
export const federationApi = [
  getVersion,
  queryProfile,
  queryRoomDirectory,
  getPublicRooms,
  queryPublicRooms,
  getUserDevices,
  queryUserEncryptionKeys,
  claimUserEncryptionKeys,
];

export const keyApi = [getServerKey, perspectivesKeyQuery, bulkPerspectivesKeyQuery];

export const delegation = [getWellKnown];
