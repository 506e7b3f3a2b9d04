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
import { getContent } from './media/get-content.ts';
import { getContentThumbnail } from './media/get-content-thumbnail.ts';
import { exchangeThirdPartyInvite } from './membership/exchange-third-party-invite.ts';
import { makeJoin } from './membership/make-join.ts';
import { makeKnock } from './membership/make-knock.ts';
import { makeLeave } from './membership/make-leave.ts';
import { onBindThirdPartyIdentifier } from './membership/on-bind-third-party-identifier.ts';
import { sendInviteV1 } from './membership/send-invite-v1.ts';
import { sendInviteV2 } from './membership/send-invite-v2.ts';
import { sendJoinV2 } from './membership/send-join-v2.ts';
import { sendKnock } from './membership/send-knock.ts';
import { sendLeaveV2 } from './membership/send-leave-v2.ts';
import { queryProfile } from './queries/query-profile.ts';
import { queryRoomDirectory } from './queries/query-room-directory.ts';
import { backfillRoom } from './rooms/backfill-room.ts';
import { getEvent } from './rooms/get-event.ts';
import { getEventAuth } from './rooms/get-event-auth.ts';
import { getEventByTimestamp } from './rooms/get-event-by-timestamp.ts';
import { getMissingPreviousEvents } from './rooms/get-missing-previous-events.ts';
import { getRoomState } from './rooms/get-room-state.ts';
import { getRoomStateIds } from './rooms/get-room-state-ids.ts';
import { getSpaceHierarchy } from './rooms/get-space-hierarchy.ts';
import { sendTransaction } from './transactions/send-transaction.ts';

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
  getEvent,
  getRoomState,
  getRoomStateIds,
  getEventAuth,
  backfillRoom,
  getMissingPreviousEvents,
  getEventByTimestamp,
  getSpaceHierarchy,
  makeJoin,
  makeLeave,
  makeKnock,
  sendJoinV2,
  sendLeaveV2,
  sendKnock,
  sendTransaction,
  sendInviteV1,
  sendInviteV2,
  exchangeThirdPartyInvite,
  onBindThirdPartyIdentifier,
  getContent,
  getContentThumbnail,
];

export const keyApi = [getServerKey, perspectivesKeyQuery, bulkPerspectivesKeyQuery];

export const delegation = [getWellKnown];
