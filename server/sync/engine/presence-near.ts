import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { Presence } from '../ephemeral/presence.ts';
import type { Told } from './occasion.ts';

interface PresenceQuestion {
  readonly user: ActiveUser;
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
  readonly told: Told | undefined;
  /** A room may be new to the client, and who is in it was told to others before. */
  readonly mayHaveJoined: boolean;
}

/**
 * Of whom an answer tells: everybody in the rooms that the reader has joined whose presence was told
 * behind what the client knows, and everybody in a room that is new to it.
 */
export function presenceNear(
  presence: Presence,
  { user, memberships, told, mayHaveJoined }: PresenceQuestion,
): ReadonlySet<UserId> {
  const known = told?.ephemeral;
  const near = new Set<UserId>(known === undefined ? [user.userId] : []);
  if (known !== undefined && known >= presence.newest && !mayHaveJoined) return near;
  const position = told?.position ?? 0;
  for (const roomId of user.rooms) {
    const own = memberships.get(roomId);
    if (own?.membership !== 'join') continue;
    const after = own.since > position ? 0 : (known ?? 0);
    for (const each of presence.toldIn(roomId, after)) near.add(each);
  }
  return near;
}
