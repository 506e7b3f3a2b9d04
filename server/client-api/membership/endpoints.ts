import { ban } from './ban.ts';
import { forgetRoom } from './forget-room.ts';
import { getJoinedMembersByRoom } from './get-joined-members-by-room.ts';
import { getJoinedRooms } from './get-joined-rooms.ts';
import { getMembersByRoom } from './get-members-by-room.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { joinRoomById } from './join-room-by-id.ts';
import { kick } from './kick.ts';
import { knockRoom } from './knock-room.ts';
import { leaveRoom } from './leave-room.ts';
import { unban } from './unban.ts';

export const membershipEndpoints = [
  joinRoom,
  joinRoomById,
  knockRoom,
  inviteUser,
  leaveRoom,
  forgetRoom,
  kick,
  ban,
  unban,
  getMembersByRoom,
  getJoinedMembersByRoom,
  getJoinedRooms,
];
