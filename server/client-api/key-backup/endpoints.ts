import { deleteRoomKeyBySessionId } from './delete-room-key-by-session-id.ts';
import { deleteRoomKeys } from './delete-room-keys.ts';
import { deleteRoomKeysByRoomId } from './delete-room-keys-by-room-id.ts';
import { deleteRoomKeysVersion } from './delete-room-keys-version.ts';
import { getRoomKeyBySessionId } from './get-room-key-by-session-id.ts';
import { getRoomKeys } from './get-room-keys.ts';
import { getRoomKeysByRoomId } from './get-room-keys-by-room-id.ts';
import { getRoomKeysVersion } from './get-room-keys-version.ts';
import { getRoomKeysVersionCurrent } from './get-room-keys-version-current.ts';
import { postRoomKeysVersion } from './post-room-keys-version.ts';
import { putRoomKeyBySessionId } from './put-room-key-by-session-id.ts';
import { putRoomKeys } from './put-room-keys.ts';
import { putRoomKeysByRoomId } from './put-room-keys-by-room-id.ts';
import { putRoomKeysVersion } from './put-room-keys-version.ts';

export const keyBackupEndpoints = [
  postRoomKeysVersion,
  getRoomKeysVersionCurrent,
  getRoomKeysVersion,
  putRoomKeysVersion,
  deleteRoomKeysVersion,
  putRoomKeyBySessionId,
  getRoomKeyBySessionId,
  deleteRoomKeyBySessionId,
  putRoomKeysByRoomId,
  getRoomKeysByRoomId,
  deleteRoomKeysByRoomId,
  putRoomKeys,
  getRoomKeys,
  deleteRoomKeys,
];
