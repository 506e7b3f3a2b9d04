import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Typing } from '../../sync/ephemeral/typing.ts';
import { type Effect, NO_EFFECT, roomIn, userOf } from './edu.ts';
import type { SharedRooms } from './shared-rooms.ts';

export interface TypingEduPorts {
  readonly typing: Pick<Typing, 'begins' | 'ends'>;
  readonly sharedRooms: SharedRooms;
}

/** Other servers do not say for how long; they say it again while it goes on. */
const TYPING_MS = 30_000;

export async function takeTyping(
  { typing, sharedRooms }: TypingEduPorts,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<readonly Effect[]> {
  for (const content of contents) {
    const [roomId, userId] = [roomIn(content.room_id), userOf(origin, content.user_id)];
    if (roomId === undefined || userId === undefined) continue;
    const room = await sharedRooms.open(roomId, origin);
    if (room?.membershipOf(userId) !== 'join') continue;
    if (content.typing === true) typing.begins(roomId, userId, TYPING_MS);
    else typing.ends(roomId, userId);
  }
  return NO_EFFECT;
}
