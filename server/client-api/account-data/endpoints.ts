import { defineFilter } from './define-filter.ts';
import { deleteRoomTag } from './delete-room-tag.ts';
import { getAccountData } from './get-account-data.ts';
import { getAccountDataPerRoom } from './get-account-data-per-room.ts';
import { getFilter } from './get-filter.ts';
import { getRoomTags } from './get-room-tags.ts';
import { setAccountData } from './set-account-data.ts';
import { setAccountDataPerRoom } from './set-account-data-per-room.ts';
import { setRoomTag } from './set-room-tag.ts';

export const accountDataEndpoints = [
  setAccountData,
  getAccountData,
  setAccountDataPerRoom,
  getAccountDataPerRoom,
  getRoomTags,
  setRoomTag,
  deleteRoomTag,
  defineFilter,
  getFilter,
];
