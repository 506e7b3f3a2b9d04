import { z } from 'zod';
import type { BackedUpKey } from '../../encryption/key-backup/backed-up-keys.ts';
import { byName, jsonObject, name } from '../../http/fields.ts';
import type { RoomId } from '../../protocol/identifiers.ts';

/** In the query of all that is about keys. */
export const ofVersion = z.object({ version: name });

export const backup = { algorithm: name, auth_data: jsonObject };

/** KeyBackupData. */
export const keyBackupData = z.object({
  first_message_index: z.int().nonnegative(),
  forwarded_count: z.int().nonnegative(),
  is_verified: z.boolean(),
  session_data: jsonObject,
});

/** RoomKeyBackup: by session id. */
export const roomKeyBackup = z.object({ sessions: byName(keyBackupData) });

type KeyBackupData = z.output<typeof keyBackupData>;

export const keyOf = (roomId: RoomId, sessionId: string, data: KeyBackupData): BackedUpKey => ({
  roomId,
  sessionId,
  firstMessageIndex: data.first_message_index,
  forwardedCount: data.forwarded_count,
  isVerified: data.is_verified,
  sessionData: JSON.stringify(data.session_data),
});

export const keysOf = (
  roomId: RoomId,
  { sessions }: z.output<typeof roomKeyBackup>,
): BackedUpKey[] =>
  Object.entries(sessions).map(([sessionId, data]) => keyOf(roomId, sessionId, data));
