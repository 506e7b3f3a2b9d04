import type { RoomId, UserId } from '../protocol/identifiers.ts';
import type { RoomMembership } from '../rooms/rooms.ts';
import type { ActiveUser } from './active/active-user.ts';
import type { Json } from './answer-text.ts';
import { positionOf, type Since } from './build/since.ts';
import type { Presence } from './ephemeral/presence.ts';
import type { Reader } from './reader.ts';

/**
 * Of whom an answer tells: everybody in the rooms that the reader has joined whose presence was told
 * behind what the client knows, and everybody in a room that is new to it.
 */
export function presenceNear(
  presence: Presence,
  { user, memberships, since, mayHaveJoined }: PresenceQuestion,
): ReadonlySet<UserId> {
  const known = since.kind === 'token' ? since.ephemeral : undefined;
  const near = new Set<UserId>(known === undefined ? [user.userId] : []);
  if (known !== undefined && known >= presence.newest && !mayHaveJoined) return near;
  const [told, position] = [known ?? 0, positionOf(since)];
  for (const roomId of user.rooms) {
    const own = memberships.get(roomId);
    if (own?.membership !== 'join') continue;
    for (const each of presence.toldIn(roomId, own.since > position ? 0 : told)) near.add(each);
  }
  return near;
}

interface PresenceQuestion {
  readonly user: ActiveUser;
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
  readonly since: Since;
  /** A room may be new to the client, and who is in it was told to others before. */
  readonly mayHaveJoined: boolean;
}

export function presenceEvents(
  presence: Presence,
  about: ReadonlySet<UserId>,
  reader: Reader,
): Json[] {
  const { presence: filter } = reader.filter;
  if (filter.admitsNothing) return [];
  return [...about].flatMap((sender) =>
    filter.admits({ type: 'm.presence', sender }) ? (presence.eventOf(sender) ?? []) : [],
  );
}
