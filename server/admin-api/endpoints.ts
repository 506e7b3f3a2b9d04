import { examineServer } from './destinations/examine-server.ts';
import { getDestination } from './destinations/get-destination.ts';
import { getDestinationsRooms } from './destinations/get-destinations-rooms.ts';
import { listDestinations } from './destinations/list-destinations.ts';
import { resetConnection } from './destinations/reset-connection.ts';
import { deleteUsersDevice } from './devices/delete-device.ts';
import { deleteUsersDevices } from './devices/delete-devices.ts';
import { getUsersDevice } from './devices/get-device.ts';
import { listUsersDevices } from './devices/list-devices.ts';
import { updateUsersDevice } from './devices/update-device.ts';
import { mediaAdministration } from './media/endpoints.ts';
import { putServerNotice, sendServerNotice } from './notices/send-server-notice.ts';
import { createToken } from './registration/create-token.ts';
import { deleteToken } from './registration/delete-token.ts';
import { getNonce } from './registration/get-nonce.ts';
import { getToken } from './registration/get-token.ts';
import { isUsernameAvailable } from './registration/is-username-available.ts';
import { listTokens } from './registration/list-tokens.ts';
import { registerBySecret } from './registration/register-by-secret.ts';
import { updateToken } from './registration/update-token.ts';
import { deleteEventReport } from './reports/delete-event-report.ts';
import { getEventReport } from './reports/get-event-report.ts';
import { listEventReports } from './reports/list-event-reports.ts';
import { deleteRoom } from './rooms/delete-room.ts';
import { deleteRoomAtOnce } from './rooms/delete-room-at-once.ts';
import { getForwardExtremities } from './rooms/get-forward-extremities.ts';
import { getRoomBlock } from './rooms/get-room-block.ts';
import { getRoomsContext } from './rooms/get-room-context.ts';
import { getRoomDeletion, getRoomDeletions } from './rooms/get-room-deletions.ts';
import { getRoomDetails } from './rooms/get-room-details.ts';
import { getRoomsMembers } from './rooms/get-room-members.ts';
import { getRoomsMessages } from './rooms/get-room-messages.ts';
import { getRoomsState } from './rooms/get-room-state.ts';
import { joinForUser } from './rooms/join-for-user.ts';
import { listRooms } from './rooms/list-rooms.ts';
import { makeRoomAdmin } from './rooms/make-room-admin.ts';
import { getPurgeStatus, purgeRoomHistory } from './rooms/purge-history.ts';
import { setRoomBlock } from './rooms/set-room-block.ts';
import { getServerVersion } from './server/get-server-version.ts';
import { listOrders } from './server/list-orders.ts';
import { changeSigningKey, getSigningKey } from './server/signing-key.ts';
import { closeUsersAccount } from './users/close-users-account.ts';
import { deleteOwnRate } from './users/delete-own-rate.ts';
import { getAccount } from './users/get-account.ts';
import { getAccountAdmin } from './users/get-account-admin.ts';
import { getUsersJoinedRooms } from './users/get-joined-rooms.ts';
import { getOwnRate } from './users/get-own-rate.ts';
import { getUsersPushers } from './users/get-pushers.ts';
import { getRedactStatus } from './users/get-redact-status.ts';
import { getUsersWhoIs } from './users/get-users-who-is.ts';
import { listAccounts } from './users/list-accounts.ts';
import { putAccount } from './users/put-account.ts';
import { redactUsersEvents } from './users/redact-events.ts';
import { resetPassword } from './users/reset-password.ts';
import { setAccountAdmin } from './users/set-account-admin.ts';
import { setOwnRate } from './users/set-own-rate.ts';
import { suspendAccount } from './users/suspend-account.ts';

/** What administrators' programs ask for, by the names that Synapse gave. */
export const adminApi = [
  listAccounts,
  getAccount,
  putAccount,
  getAccountAdmin,
  setAccountAdmin,
  closeUsersAccount,
  resetPassword,
  suspendAccount,
  redactUsersEvents,
  getRedactStatus,
  getOwnRate,
  setOwnRate,
  deleteOwnRate,
  getUsersJoinedRooms,
  getUsersPushers,
  getUsersWhoIs,
  listUsersDevices,
  getUsersDevice,
  updateUsersDevice,
  deleteUsersDevice,
  deleteUsersDevices,
  getNonce,
  registerBySecret,
  listTokens,
  getToken,
  createToken,
  updateToken,
  deleteToken,
  isUsernameAvailable,
  listRooms,
  getRoomDetails,
  getRoomsMembers,
  getRoomsState,
  getRoomsMessages,
  getRoomsContext,
  getForwardExtremities,
  joinForUser,
  makeRoomAdmin,
  getRoomBlock,
  setRoomBlock,
  deleteRoom,
  deleteRoomAtOnce,
  getRoomDeletion,
  getRoomDeletions,
  purgeRoomHistory,
  getPurgeStatus,
  listDestinations,
  getDestination,
  getDestinationsRooms,
  resetConnection,
  examineServer,
  listEventReports,
  getEventReport,
  deleteEventReport,
  sendServerNotice,
  putServerNotice,
  ...mediaAdministration,
  getServerVersion,
  listOrders,
  getSigningKey,
  changeSigningKey,
];
