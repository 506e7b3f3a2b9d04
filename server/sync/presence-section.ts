import type { UserId } from '../protocol/identifiers.ts';
import type { ActiveUser } from './active/active-user.ts';
import type { ActiveUsers } from './active/active-users.ts';
import type { Json } from './answer-text.ts';
import type { Presence } from './ephemeral/presence.ts';
import type { Reader } from './reader.ts';

interface PresencePorts {
  readonly presence: Presence;
  readonly active: ActiveUsers;
}

/** `after` undefined: the client knows of nobody, or of another writer's time. */
export function presenceEvents(
  { presence, active }: PresencePorts,
  { user, after, reader }: { user: ActiveUser; after: number | undefined; reader: Reader },
): Json[] {
  const { presence: filter } = reader.filter;
  if (filter.admitsNothing) return [];
  const about = after === undefined ? everybodyNear(active, user) : user.presence.after(after);
  const events: Json[] = [];
  for (const userId of about) {
    if (!presence.isKnown(userId)) continue;
    const event = { type: 'm.presence', sender: userId, content: presence.of(userId) };
    if (filter.admits(event)) events.push(JSON.stringify(event));
  }
  return events;
}

/** Whoever is present syncs, so those who do not are not known either. */
function everybodyNear(active: ActiveUsers, user: ActiveUser): Set<UserId> {
  const near = new Set<UserId>([user.userId]);
  for (const roomId of user.rooms) for (const each of active.inRoom(roomId)) near.add(each.userId);
  return near;
}
