import { createRoom } from './create-room.ts';
import { deleteRoomAlias } from './delete-room-alias.ts';
import { getLocalAliases } from './get-local-aliases.ts';
import { getRoomIdByAlias } from './get-room-id-by-alias.ts';
import { setRoomAlias } from './set-room-alias.ts';
import { upgradeRoom } from './upgrade-room.ts';

export const roomEndpoints = [
  createRoom,
  upgradeRoom,
  getRoomIdByAlias,
  setRoomAlias,
  deleteRoomAlias,
  getLocalAliases,
];
