import { ban } from './ban.ts';
import { createRoom } from './create-room.ts';
import { deleteRoomAlias } from './delete-room-alias.ts';
import { forgetRoom } from './forget-room.ts';
import { getEventContext } from './get-event-context.ts';
import { getJoinedMembersByRoom } from './get-joined-members-by-room.ts';
import { getJoinedRooms } from './get-joined-rooms.ts';
import { getLocalAliases } from './get-local-aliases.ts';
import { getMembersByRoom } from './get-members-by-room.ts';
import { getOneRoomEvent } from './get-one-room-event.ts';
import { getRoomEvents } from './get-room-events.ts';
import { getRoomIdByAlias } from './get-room-id-by-alias.ts';
import { getRoomState } from './get-room-state.ts';
import { getRoomStateWithKey } from './get-room-state-with-key.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { joinRoomById } from './join-room-by-id.ts';
import { kick } from './kick.ts';
import { knockRoom } from './knock-room.ts';
import { leaveRoom } from './leave-room.ts';
import { redactEvent } from './redact-event.ts';
import { sendMessage } from './send-message.ts';
import { sendMessageWithoutTxn } from './send-message-without-txn.ts';
import { setRoomAlias } from './set-room-alias.ts';
import { setRoomStateWithKey } from './set-room-state-with-key.ts';
import { unban } from './unban.ts';
import { upgradeRoom } from './upgrade-room.ts';

export const roomEndpoints = [
  createRoom,
  upgradeRoom,
  joinRoom,
  joinRoomById,
  knockRoom,
  inviteUser,
  leaveRoom,
  forgetRoom,
  kick,
  ban,
  unban,
  sendMessage,
  sendMessageWithoutTxn,
  redactEvent,
  setRoomStateWithKey,
  getRoomStateWithKey,
  getRoomState,
  getOneRoomEvent,
  getMembersByRoom,
  getJoinedMembersByRoom,
  getJoinedRooms,
  getRoomEvents,
  getEventContext,
  getRoomIdByAlias,
  setRoomAlias,
  deleteRoomAlias,
  getLocalAliases,
];
