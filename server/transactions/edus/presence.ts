import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Presence, PresenceState } from '../../sync/ephemeral/presence.ts';
import { type Effect, listIn, NO_EFFECT, numberIn, objectOf, stringOf, userOf } from './edu.ts';

export interface PresenceEduPorts {
  readonly presence: Pick<Presence, 'heard'>;
  readonly rooms: Pick<Rooms, 'roomsOf'>;
}

/** Of one transaction: of each it may have to be looked up whether anybody here shares a room with them. */
export const PUSHED_MAX = 100;
const STATUS_LENGTH_MAX = 1_000;
const STATES: ReadonlySet<unknown> = new Set<PresenceState>(['online', 'unavailable', 'offline']);

export async function takePresence(
  { presence, rooms }: PresenceEduPorts,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<readonly Effect[]> {
  const pushed = contents.flatMap(({ push }) => listIn(push));
  for (const each of pushed.slice(0, PUSHED_MAX)) {
    const said = objectOf(each);
    const userId = userOf(origin, said.user_id);
    if (userId === undefined || !STATES.has(said.presence)) continue;
    if (!(await isInAnyRoom(rooms, userId))) continue;
    const status = stringOf(said.status_msg);
    presence.heard(userId, {
      state: said.presence as PresenceState,
      statusMessage: (status?.length ?? 0) > STATUS_LENGTH_MAX ? undefined : status,
      lastActiveAgoMs: Math.max(0, numberIn(said.last_active_ago) ?? 0),
    });
  }
  return NO_EFFECT;
}

async function isInAnyRoom(rooms: Pick<Rooms, 'roomsOf'>, userId: UserId): Promise<boolean> {
  for (const { membership } of (await rooms.roomsOf(userId)).values())
    if (membership === 'join') return true;
  return false;
}
